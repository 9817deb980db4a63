"""Scenarios with one source: six or ten messages about orders, in the formats of the shops."""

from dataclasses import dataclass
from typing import Any

from tests.cast.shop import Shop, cancellation, dispute, envelope, refund, sale
from tests.tracker.sales.payloads_read import event, lemon, payload, raw

SECRETS = {
    "standard": "whsec_" + "AAAA" * 8,
    "stripe": "whsec_ExampleOfThisYear000000000000",
    "shopify": "an example of a shop's secret".replace(" ", "-"),
    "woocommerce": "an example of a shop's secret".replace(" ", "-").replace("'", ""),
    "lemonsqueezy": "an-example-of-a-shops-secret",
}
LATER = "2025-11-01T11:00:00Z"


@dataclass(frozen=True)
class Message:
    """A message: the shop's own id of it, its body and topic, and the index of the source that sends it."""

    key: str
    body: bytes
    topic: str | None = None
    source_index: int = 0


@dataclass(frozen=True)
class Scenario:
    """Messages of sources of these kinds, of which the second supports the first.

    Its fingerprint does not depend on the order of its messages, provided that those which may change who is
    credited arrive before the release.
    """

    kinds: tuple[str, ...]
    messages: tuple[Message, ...]
    attribution_may_change: bool = False


def standard_scenario(*messages: tuple[str, dict[str, Any]]) -> Scenario:
    numbered = (Message(f"m{number}", envelope(kind, data)) for number, (kind, data) in enumerate(messages))
    return Scenario(("standard",), tuple(numbered), attribution_may_change=True)


def standard_six(shop: Shop) -> Scenario:
    return standard_scenario(
        ("sale.created", sale(click=shop.token("anna"))),
        ("sale.created", sale(click=shop.token("bob", "2025-10-31T10:00:00+00:00"))),
        ("refund.created", refund("r1", tax=160)),
        ("refund.created", refund("r2", amount=3333)),
        ("dispute.updated", dispute("opened", amount=4000)),
        ("dispute.updated", dispute("won", amount=4000, occurred_at=LATER)),
    )


def standard_ten(shop: Shop) -> Scenario:
    """Each further report of the sale changes who is credited, and a refund is reported twice."""
    return standard_scenario(
        ("sale.created", sale(click=shop.token("anna"))),
        ("sale.created", sale(click=shop.token("bob", "2025-10-31T10:00:00+00:00"))),
        ("sale.created", sale(coupons=["anna10"])),
        ("refund.created", refund("r1", tax=160)),
        ("refund.created", refund("r1", tax=160)),
        ("refund.created", refund("r2", amount=3333)),
        ("dispute.updated", dispute("opened", amount=4000)),
        ("dispute.updated", dispute("lost", amount=4000)),
        ("dispute.updated", dispute("won", amount=4000, occurred_at=LATER)),
        ("dispute.updated", dispute("lost", dispute_id="d2", amount=700)),
    )


def cancelled_order(shop: Shop) -> Scenario:
    """A cancelled order with a refund that can never be applied: its parked message holds the order."""
    before = standard_ten(shop).messages[:8]
    return Scenario(
        ("standard",),
        (
            *before,
            Message("m8", envelope("order.cancelled", cancellation())),
            Message("m9", envelope("refund.created", refund("r3", currency="USD"))),
        ),
        attribution_may_change=True,
    )


def stripe_six(shop: Shop) -> Scenario:
    paid: dict[str, Any] = {"client_reference_id": shop.token("anna")}
    return stripe_scenario(
        event("stripe_session_paid", **paid),
        payload("stripe_refund_created"),
        payload("stripe_charge_refunded_basil"),
        event("stripe_refund_created", key="evt_r2", id="re_3ExampleTwo", amount=300),
        payload("stripe_dispute_created"),
        _closed_dispute("won", 1762250000),
    )


def stripe_ten(shop: Shop, shape: str = "basil") -> Scenario:
    """A payment that is completed after its session, and a refund that fails."""
    paid: dict[str, Any] = {"client_reference_id": shop.token("anna")}
    unpaid: dict[str, Any] = paid | {"payment_status": "unpaid"}
    failed: dict[str, Any] = {"id": "re_3ExampleTwo", "amount": 300, "status": "failed"}
    return stripe_scenario(
        event("stripe_session_paid", key="evt_s1", **unpaid),
        event("stripe_session_paid", type="checkout.session.async_payment_succeeded", at=1761995000, **paid),
        payload("stripe_refund_created"),
        payload(f"stripe_charge_refunded_{shape}"),
        event("stripe_refund_created", key="evt_r2", id="re_3ExampleTwo", amount=300, status="pending"),
        event("stripe_charge_refunded_basil", key="evt_c2", at=1762078000, amount_refunded=2300),
        event("stripe_refund_created", key="evt_r3", type="refund.failed", **failed),
        event("stripe_refund_created", key="evt_r4", type="refund.updated", at=1762090000, **failed),
        payload("stripe_dispute_created"),
        _closed_dispute("won", 1762250000),
    )


def subscription_six(shop: Shop) -> Scenario:
    return Scenario(
        ("stripe",), tuple(each for each in subscription_ten(shop).messages if each.key not in _OMITTED_KEYS)
    )


_OMITTED_KEYS = ("evt_c1", "evt_r2", "evt_p2", "evt_d2")


def subscription_ten(shop: Shop, shape: str = "basil") -> Scenario:
    """The session has the click token, the invoice the amounts; the other events are matched by the payments.

    Since API version 2025-03-31 only `invoice_payment.paid` names the payment of an invoice.
    """
    first: dict[str, Any] = {"payment_intent": "pi_3ExampleFirst", "charge": "ch_3ExampleFirst"}
    second: dict[str, Any] = {"payment_intent": "pi_3ExampleSecond", "charge": "ch_3ExampleSecond"}
    renewal: dict[str, Any] = {"id": "in_1ExampleSecond", "billing_reason": "subscription_cycle"}
    renewal |= {"metadata": {"ll": shop.token("bob")}} | (second if shape == "classic" else {})
    renews: dict[str, Any] = {"invoice": "in_1ExampleSecond", "payment": second | {"type": "payment_intent"}}
    charge: dict[str, Any] = {"id": first["charge"], "payment_intent": first["payment_intent"]}
    return stripe_scenario(
        event("stripe_session_subscription", client_reference_id=shop.token("anna")),
        payload(f"stripe_invoice_first_{shape}"),
        payload("stripe_invoice_payment_paid"),
        event("stripe_refund_created", key="evt_r1", amount=500, **first),
        event("stripe_charge_refunded_basil", key="evt_c1", amount_refunded=500, **charge),
        event(f"stripe_invoice_first_{shape}", key="evt_i2", **renewal),
        event("stripe_invoice_payment_paid", key="evt_p2", **renews),
        event("stripe_refund_created", key="evt_r2", id="re_3Renewal", amount=300, **second),
        event("stripe_dispute_created", key="evt_d1", amount=1000, **first),
        _closed_dispute("lost", 1762250000, amount=1000, **first),
    )


def _closed_dispute(status: str, at: int, **changes: Any) -> dict[str, Any]:
    changes |= {"status": status}
    return event("stripe_dispute_created", key="evt_d2", type="charge.dispute.closed", at=at, **changes)


def stripe_scenario(*events: dict[str, Any]) -> Scenario:
    return Scenario(("stripe",), tuple(Message(each["id"], raw(each)) for each in events))


def shopify_six(shop: Shop) -> Scenario:
    return Scenario(("shopify",), shopify_ten(shop).messages[:6])


def shopify_ten(shop: Shop) -> Scenario:
    """Two orders; the first is reported three times, and each of its refunds in two messages."""
    [one, other] = ([{"name": "ll", "value": shop.token(owner)}] for owner in ("anna", "bob"))
    next_id, next_name = 820982911946154509, {"name": "#9998"}
    given = {"kind": "refund", "status": "success", "currency": "EUR"}
    alone: dict[str, Any] = {"refund_line_items": [], "order_adjustments": [], "refund_shipping_lines": []}
    small_refund = alone | {"id": 7, "transactions": [given | {"amount": "10.00"}]}
    topics_and_values: list[tuple[str, dict[str, Any]]] = [
        ("orders/paid", payload("shopify_orders_paid", note_attributes=one)),
        ("orders/paid", payload("shopify_orders_paid", note_attributes=one, financial_status="refunded")),
        ("refunds/create", payload("shopify_refunds_create")),
        ("refunds/create", payload("shopify_refunds_create", note="sent again")),
        ("refunds/create", payload("shopify_refunds_create", **small_refund)),
        ("refunds/create", payload("shopify_refunds_create", **small_refund | {"id": 8, "transactions": []})),
        ("orders/updated", payload("shopify_orders_paid")),
        ("orders/paid", payload("shopify_orders_paid", id=next_id, note_attributes=other) | next_name),
        ("orders/cancelled", payload("shopify_orders_cancelled", id=next_id) | next_name),
        (
            "refunds/create",
            payload("shopify_refunds_create", **small_refund | {"id": 9, "order_id": next_id}),
        ),
    ]
    return with_topics("shopify", topics_and_values)


def woocommerce_six(shop: Shop) -> Scenario:
    return Scenario(("woocommerce",), woocommerce_ten(shop).messages[:6])


def woocommerce_ten(shop: Shop) -> Scenario:
    """Two orders, each reported completely by every update; the second is cancelled, then deleted."""
    [one, other] = ([{"id": 9, "key": "_ll", "value": shop.token(owner)}] for owner in ("anna", "bob"))
    processing, partly = "woocommerce_order_processing", "woocommerce_order_refunded_in_part"
    first_refund = payload(partly)["refunds"][1:]
    second: dict[str, Any] = {"id": 728, "number": "T-728", "meta_data": other}
    topics_and_values: list[tuple[str, dict[str, Any]]] = [
        ("order.created", payload(processing, status="pending", date_paid_gmt=None)),
        ("order.updated", payload(processing, meta_data=one)),
        ("order.updated", payload(processing, meta_data=one, status="completed")),
        ("order.updated", payload(processing, meta_data=one, refunds=first_refund)),
        ("order.updated", payload(partly, meta_data=one)),
        ("order.restored", payload(processing)),
        ("order.updated", payload(processing, **second)),
        ("order.updated", payload(processing, **second | {"status": "cancelled"})),
        ("order.deleted", payload("woocommerce_order_deleted", id=728)),
        ("order.updated", payload(partly, meta_data=one, status="on-hold")),
    ]
    return with_topics("woocommerce", topics_and_values)


def lemonsqueezy_six(shop: Shop) -> Scenario:
    """An order without a subscription, which is refunded in three steps."""
    found: dict[str, Any] = {"custom": {"ll": shop.token("anna")}}
    part, rest = "order_refunded_in_part", "2025-11-03T08:00:00.000000Z"
    return lemonsqueezy_scenario(
        lemon("order_created", **found, status="pending"),
        lemon("order_created", key=11, **found),
        lemon("order_created", key=12, **found),
        lemon(part, **found),
        lemon(part, key=13, **found, refunded_amount=3500, updated_at=rest),
        lemon("order_refunded", **found),
    )


def lemonsqueezy_six_by_subscription(shop: Shop) -> Scenario:
    """A first payment whose refund names, besides the subscription, an identifier that no order has."""
    first: dict[str, Any] = {"custom": {"ll": shop.token("anna")}}
    return lemonsqueezy_scenario(
        lemon("order_created", **first, identifier=None),
        lemon("order_created", key=11, **first, identifier=None),
        lemon("subscription_created", **first),
        lemon("payment_initial", **first),
        lemon("payment_initial_refunded", **first),
        lemon("payment_initial_refunded", key=12, **first, refunded_amount=2500),
    )


def lemonsqueezy_ten(shop: Shop, **order: Any) -> Scenario:
    """A subscription whose first payment and its refund are reported twice: as an order, as an invoice.

    `order` are changes to the order.
    """
    first: dict[str, Any] = {"custom": {"ll": shop.token("anna")}}
    later: dict[str, Any] = {"custom": {"ll": shop.token("bob")}}
    return lemonsqueezy_scenario(
        lemon("order_created", **first, **order),
        lemon("subscription_created", **first),
        lemon("payment_initial", **first),
        lemon("order_refunded_in_part", **first, **order),
        lemon("payment_initial_refunded", **first),
        lemon("subscription_created", key=11, event_name="subscription_updated", **first),
        lemon("payment_initial_refunded", key=12, **first, refunded_amount=2500),
        lemon("payment_renewal", **later),
        lemon("payment_renewal", key=13, event_name="subscription_payment_recovered", **later),
        lemon("payment_renewal_refunded", **later),
    )


def lemonsqueezy_scenario(*values: dict[str, Any]) -> Scenario:
    return Scenario(
        ("lemonsqueezy",), tuple(Message(f"m{number}", raw(value)) for number, value in enumerate(values))
    )


def with_topics(kind: str, topics_and_values: list[tuple[str, dict[str, Any]]]) -> Scenario:
    messages = (
        Message(f"m{number}", raw(value), topic) for number, (topic, value) in enumerate(topics_and_values)
    )
    return Scenario((kind,), tuple(messages))
