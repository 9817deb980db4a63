"""Scenarios with two sources of the same order: one is primary, the other supports it."""

from dataclasses import replace
from typing import Any

from tests.cast.shop import Shop, refund, sale
from tests.scenarios.scenarios import Scenario, standard_scenario, stripe_scenario, with_topics
from tests.tracker.sales.payloads_read import event, payload

SESSION = "cs_live_a1ExampleSessionOfOrderOne"
INTENT, CHARGE = "pi_3ExampleOrderOne", "ch_3ExampleOrderOne"
AMOUNTS: dict[str, Any] = {"total": 11305, "tax": 1805, "shipping": 500}
"""The amounts of the order in the messages of Stripe and WooCommerce, in minor units."""


def supported(primary: Scenario, supporting: Scenario) -> Scenario:
    """One scenario with the messages of both; the amounts and refunds of `primary` count."""
    others = (replace(each, source_index=1) for each in supporting.messages)
    return replace(
        primary,
        kinds=(*primary.kinds, *supporting.kinds),
        messages=(*primary.messages, *others),
    )


def standard_by_stripe_six(shop: Shop) -> Scenario:
    """The shop names only the Checkout session, and only the session names the payment."""
    ours = standard_scenario(
        ("sale.created", sale(**AMOUNTS, references=[SESSION])),
        ("refund.created", refund("ours-1", amount=2000)),
    )
    theirs = stripe_scenario(
        event("stripe_session_paid", client_reference_id=shop.token("anna")),
        payload("stripe_refund_created"),
        payload("stripe_dispute_created"),
        _closed_dispute("won"),
    )
    return supported(ours, theirs)


def standard_by_stripe_ten(shop: Shop) -> Scenario:
    """The shop reports its sale again, with other evidence than the session has."""
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
        _closed_dispute("won"),
    )
    return supported(ours, theirs)


def with_unreported_refund(shop: Shop) -> Scenario:
    """The shop reports less than was refunded, and no failure: a refund claim waits for a person."""
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
        _closed_dispute("won"),
    )
    return supported(ours, theirs)


def stripe_by_standard_six(shop: Shop) -> Scenario:
    """Only one of the shop's messages names the session; the others have the same order id as that one."""
    theirs = stripe_scenario(
        event("stripe_session_paid", client_reference_id=shop.token("anna")),
        payload("stripe_refund_created"),
        _closed_dispute("lost", amount=1000),
    )
    ours = standard_scenario(
        ("sale.created", sale(**AMOUNTS, references=[SESSION])),
        ("sale.created", sale(**AMOUNTS, click=shop.token("bob", "2025-10-31T10:00:00+00:00"))),
        ("refund.created", refund("ours-1", amount=2000)),
    )
    return replace(supported(theirs, ours), attribution_may_change=True)


def woocommerce_by_stripe_six(shop: Shop) -> Scenario:
    ours = with_topics(
        "woocommerce", [_woocommerce_order(shop, each, CHARGE) for each in ("processing", "refunded_in_part")]
    )
    theirs = stripe_scenario(
        _refund("re_3One", 4284),
        _refund("re_3Two", 900),
        _cumulative_refund(5184),
        _closed_dispute("lost", amount=1000),
    )
    return supported(ours, theirs)


def woocommerce_by_stripe_ten(shop: Shop) -> Scenario:
    """The order names the charge, then also the payment; some events have only one of the two."""
    first_refund = payload("woocommerce_order_refunded_in_part")["refunds"][1:]
    ours = with_topics(
        "woocommerce",
        [
            _woocommerce_order(shop, "processing", CHARGE),
            _woocommerce_order(shop, "processing", CHARGE, status="completed"),
            _woocommerce_order(shop, "refunded_in_part", CHARGE, refunds=first_refund),
            _woocommerce_order(shop, "refunded_in_part", CHARGE, INTENT),
        ],
    )
    theirs = stripe_scenario(
        _refund("re_3One", 4284),
        _refund("re_3Two", 900, charge=None),
        _cumulative_refund(4284, at=1762077800),
        _cumulative_refund(5184),
        event("stripe_dispute_created", payment_intent=None),
        _closed_dispute("won"),
    )
    return supported(ours, theirs)


def stripe_by_woocommerce_ten(shop: Shop) -> Scenario:
    """Everything is refunded step by step; then the shop deletes the order, without naming a payment."""
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
            _woocommerce_order(shop, "processing", CHARGE, INTENT),
            _woocommerce_order(shop, "refunded_in_part", CHARGE),
            _woocommerce_order(shop, "refunded", CHARGE, INTENT),
            ("order.deleted", payload("woocommerce_order_deleted")),
        ],
    )
    return replace(supported(theirs, ours), attribution_may_change=True)


def _woocommerce_order(
    shop: Shop, state: str, charge: str, intent: str = "", **changes: Any
) -> tuple[str, dict[str, Any]]:
    """The WooCommerce order in that state, with the metadata that its Stripe extension adds."""
    metadata = [{"id": 9, "key": "_ll", "value": shop.token("anna")}]
    metadata += [{"id": 10, "key": "_stripe_intent_id", "value": intent}] if intent else []
    changes |= {"transaction_id": charge, "meta_data": metadata}
    return "order.updated", payload(f"woocommerce_order_{state}", **changes)


def _refund(refund_id: str, amount: int, **changes: Any) -> dict[str, Any]:
    return event("stripe_refund_created", key=f"evt_{refund_id}", id=refund_id, amount=amount, **changes)


def _cumulative_refund(amount: int, at: int = 1762078000) -> dict[str, Any]:
    """The running total of all refunds of the charge."""
    return event("stripe_charge_refunded_basil", key=f"evt_so_far_{amount}", at=at, amount_refunded=amount)


def _closed_dispute(status: str, **changes: Any) -> dict[str, Any]:
    """The dispute, closed days later."""
    changes |= {"type": "charge.dispute.closed", "status": status}
    return event("stripe_dispute_created", key="evt_closed", at=1762250000, **changes)
