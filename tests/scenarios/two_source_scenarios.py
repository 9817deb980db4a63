"""What two sources tell of the same order: what one of them says counts, and the other supports it."""

from dataclasses import replace
from typing import Any

from tests.scenarios.scenarios import Scenario, standard_scenario, stripe_scenario, with_topics
from tests.tracker.sales.payloads_read import event, payload
from tests.tracker.sales.shop import Shop, refund, sale

SESSION = "cs_live_a1ExampleSessionOfOrderOne"
INTENT, CHARGE = "pi_3ExampleOrderOne", "ch_3ExampleOrderOne"
AMOUNTS: dict[str, Any] = {"total": 11305, "tax": 1805, "shipping": 500}
"""What Stripe and WooCommerce tell of the same order in their messages."""


def supported(scenario: Scenario, by: Scenario) -> Scenario:
    """The amounts and refunds of the first tale count."""
    others = (replace(each, by=1) for each in by.messages)
    return replace(scenario, kinds=(*scenario.kinds, *by.kinds), messages=(*scenario.messages, *others))


def standard_by_stripe_six(shop: Shop) -> Scenario:
    """The shop knows the Checkout session only, and only that knows the payment."""
    ours = standard_scenario(
        ("sale.created", sale(**AMOUNTS, references=[SESSION])),
        ("refund.created", refund("ours-1", amount=2000)),
    )
    theirs = stripe_scenario(
        event("stripe_session_paid", client_reference_id=shop.token("anna")),
        payload("stripe_refund_created"),
        payload("stripe_dispute_created"),
        _closed("won"),
    )
    return supported(ours, theirs)


def standard_by_stripe_ten(shop: Shop) -> Scenario:
    """The shop tells its sale again, with other evidence than the session's."""
    click = shop.token("bob", "2025-10-31T10:00:00+00:00")
    ours = standard_scenario(
        ("sale.created", sale(**AMOUNTS, references=[SESSION])),
        ("sale.created", sale(**AMOUNTS, references=[SESSION], click=click)),
        ("refund.created", refund("ours-1", amount=2000)),
        ("refund.created", refund("ours-2", amount=300)),
    )
    theirs = stripe_scenario(
        event("stripe_session_paid", client_reference_id=shop.token("anna")),
        payload("stripe_refund_created"),
        _refund("re_3Two", 300),
        _cumulative_refund(2300),
        payload("stripe_dispute_created"),
        _closed("won"),
    )
    return supported(ours, theirs)


def with_unreported_refund(shop: Shop) -> Scenario:
    """The shop tells of less than went back, and of nothing that failed: a refund waits for a person."""
    click = shop.token("bob", "2025-10-31T10:00:00+00:00")
    failed: dict[str, Any] = {"type": "refund.failed", "status": "failed"}
    ours = standard_scenario(
        ("sale.created", sale(**AMOUNTS, references=[SESSION])),
        ("sale.created", sale(**AMOUNTS, references=[SESSION], click=click)),
        ("refund.created", refund("ours-1", amount=1500)),
    )
    theirs = stripe_scenario(
        event("stripe_session_paid", client_reference_id=shop.token("anna")),
        payload("stripe_refund_created"),
        event("stripe_refund_created", key="evt_again", type="refund.updated"),
        _refund("re_3Two", 1800),
        event("stripe_refund_created", key="evt_failed", id="re_3Two", amount=1800, **failed),
        payload("stripe_dispute_created"),
        _closed("won"),
    )
    return supported(ours, theirs)


def stripe_by_standard_six(shop: Shop) -> Scenario:
    """Only one of the shop's messages names the session; the others call the order as that one does."""
    theirs = stripe_scenario(
        event("stripe_session_paid", client_reference_id=shop.token("anna")),
        payload("stripe_refund_created"),
        _closed("lost", amount=1000),
    )
    ours = standard_scenario(
        ("sale.created", sale(**AMOUNTS, references=[SESSION])),
        ("sale.created", sale(**AMOUNTS, click=shop.token("bob", "2025-10-31T10:00:00+00:00"))),
        ("refund.created", refund("ours-1", amount=2000)),
    )
    return replace(supported(theirs, ours), credit_may_change=True)


def woocommerce_by_stripe_six(shop: Shop) -> Scenario:
    ours = with_topics(
        "woocommerce", [_noted(shop, each, CHARGE) for each in ("processing", "refunded_in_part")]
    )
    theirs = stripe_scenario(
        _refund("re_3One", 4284),
        _refund("re_3Two", 900),
        _cumulative_refund(5184),
        _closed("lost", amount=1000),
    )
    return supported(ours, theirs)


def woocommerce_by_stripe_ten(shop: Shop) -> Scenario:
    """The order notes the charge, later also the payment; one event knows only this, and one only that."""
    first_refund = payload("woocommerce_order_refunded_in_part")["refunds"][1:]
    ours = with_topics(
        "woocommerce",
        [
            _noted(shop, "processing", CHARGE),
            _noted(shop, "processing", CHARGE, status="completed"),
            _noted(shop, "refunded_in_part", CHARGE, refunds=first_refund),
            _noted(shop, "refunded_in_part", CHARGE, INTENT),
        ],
    )
    theirs = stripe_scenario(
        _refund("re_3One", 4284),
        _refund("re_3Two", 900, charge=None),
        _cumulative_refund(4284, at=1762077800),
        _cumulative_refund(5184),
        event("stripe_dispute_created", payment_intent=None),
        _closed("won"),
    )
    return supported(ours, theirs)


def stripe_by_woocommerce_ten(shop: Shop) -> Scenario:
    """The shop knows of a code. By and by all goes back; then it deletes the order, naming no payment."""
    theirs = stripe_scenario(
        event("stripe_session_paid", client_reference_id=shop.token("bob")),
        _refund("re_3One", 4284),
        _refund("re_3Two", 900),
        _refund("re_3Three", 6121),
        _cumulative_refund(5184, at=1762077800),
        _cumulative_refund(11305),
    )
    ours = with_topics(
        "woocommerce",
        [
            _noted(shop, "processing", CHARGE, INTENT),
            _noted(shop, "refunded_in_part", CHARGE),
            _noted(shop, "refunded", CHARGE, INTENT),
            ("order.deleted", payload("woocommerce_order_deleted")),
        ],
    )
    return replace(supported(theirs, ours), credit_may_change=True)


def _noted(
    shop: Shop, state: str, charge: str, intent: str = "", **changes: Any
) -> tuple[str, dict[str, Any]]:
    """WooCommerce's order in that state, with what the extension for Stripe notes with it."""
    noted = [{"id": 9, "key": "_ll", "value": shop.token("anna")}]
    noted += [{"id": 10, "key": "_stripe_intent_id", "value": intent}] if intent else []
    changes |= {"transaction_id": charge, "meta_data": noted}
    return "order.updated", payload(f"woocommerce_order_{state}", **changes)


def _refund(refund_id: str, amount: int, **changes: Any) -> dict[str, Any]:
    return event("stripe_refund_created", key=f"evt_{refund_id}", id=refund_id, amount=amount, **changes)


def _cumulative_refund(amount: int, at: int = 1762078000) -> dict[str, Any]:
    """All refunds of the charge together."""
    return event("stripe_charge_refunded_basil", key=f"evt_so_far_{amount}", at=at, amount_refunded=amount)


def _closed(status: str, **changes: Any) -> dict[str, Any]:
    """The dispute, days later."""
    changes |= {"type": "charge.dispute.closed", "status": status}
    return event("stripe_dispute_created", key="evt_closed", at=1762250000, **changes)
