"""When the order or the refunded amount is ambiguous, a person decides before anything is paid."""

from typing import Any

import pytest

from config.database import Databases, read_session, transact
from tests.cast.shop import Shop, refund
from tests.tracker.sales.orders.test_stripe_references import LATER, send
from tests.tracker.sales.orders.test_supporting import (
    CHARGE,
    PAYMENT,
    create_supporting_source,
    paid_session,
    rows_of_order,
    send_refund,
    send_sale,
    state_of,
)
from tests.tracker.sales.orders.test_supporting_kinds import WOO_SECRET, woo_order
from tests.tracker.sales.payloads_read import event, payload
from tracker.sales.inbox.apply_or_park import dismiss
from tracker.sales.orders.models import DisputeStatus
from tracker.sales.orders.queries import find_sale
from tracker.sales.queries import sale_history


@pytest.fixture
def provider(shop: Shop) -> str:
    return create_supporting_source(shop)


def holding_event_ids(shop: Shop, order_id: str = "1001") -> list[str]:
    """Ids of the events that hold the commission of the order."""
    with read_session(shop.databases.main) as session:
        return [each.id for each in sale_history(session, find_sale(session, shop.brand_id, order_id)).parked]


def lost_dispute(amount: int, at: int = 1762250000, key: str = "evt_l", **changes: Any) -> dict[str, Any]:
    closed: dict[str, Any] = {"type": "charge.dispute.closed", "status": "lost", "amount": amount}
    return event("stripe_dispute_created", key=key, at=at, **closed | changes)


def test_a_refund_of_a_payment_of_two_orders_holds_both(shop: Shop, provider: str) -> None:
    send_sale(shop, PAYMENT)
    received = send(shop, provider, payload("stripe_refund_created"))
    send_sale(shop, PAYMENT, order_id="1002")
    assert (holding_event_ids(shop), holding_event_ids(shop, "1002")) == (
        [received.event_id],
        [received.event_id],
    )
    again = send(shop, provider, event("stripe_refund_created", key="evt_2"))
    assert f"{PAYMENT} belongs to several orders, 1001, 1002" in (again.reason or "")


def test_a_message_with_a_reused_id_holds_its_order(shop: Shop, provider: str) -> None:
    send_sale(shop, PAYMENT)
    send(shop, provider, paid_session(shop, key="evt_twice"))
    received = send(shop, provider, event("stripe_refund_created", key="evt_twice"))
    assert received.state == "conflict"
    assert holding_event_ids(shop) == [received.event_id]


def test_test_events_add_nothing_to_a_live_order(shop: Shop, provider: str, databases: Databases) -> None:
    send_sale(shop)
    named: dict[str, Any] = {"metadata": {"order_id": "1001"}}
    events = [
        paid_session(shop, **named),
        event("stripe_refund_created", **named),
        event("stripe_dispute_created", **named),
    ]
    for each in events:
        assert (
            send(shop, provider, each | {"livemode": False}).reason == "order 1001 is live, and this is not"
        )
    assert (len(shop.attributions()), rows_of_order(databases, DisputeStatus), holding_event_ids(shop)) == (
        1,
        [],
        [],
    )


def test_a_live_payment_adds_nothing_to_a_test(shop: Shop, provider: str) -> None:
    send_sale(shop, PAYMENT, test=True)
    received = send(shop, provider, paid_session(shop))
    assert received.reason == "order 1001 is a test, and this is not"
    assert len(shop.attributions()) == 1


def test_the_same_number_at_another_shop_of_the_same_account_is_not_matched(
    shop: Shop, provider: str, databases: Databases
) -> None:
    """Order 1001 has a known payment. Another payment with that order number belongs to another shop."""
    send_sale(shop, PAYMENT)
    other: dict[str, Any] = {"payment_intent": "pi_3OtherShop", "charge": "ch_3Other"}
    other["metadata"] = {"order_id": "1001"}
    assert send(shop, provider, event("stripe_dispute_created", **other)).state == "parked"
    assert (rows_of_order(databases, DisputeStatus), holding_event_ids(shop)) == ([], [])


def test_order_numbers_of_two_supporting_shops_are_not_confused(shop: Shop, databases: Databases) -> None:
    first, second = (create_supporting_source(shop, "woocommerce", secret=WOO_SECRET) for _ in range(2))
    send_sale(shop, CHARGE)
    shop.send_raw(woo_order(), source_id=first, now=LATER, topic="order.updated")
    body = woo_order(transaction_id="ch_3AnotherPayment")
    other = shop.send_raw(body, source_id=second, now=LATER, topic="order.updated")
    assert state_of(databases, other.event_id) == ("parked", None)
    shop.send("refund.created", refund(order_id="727"), now=LATER)  # for the primary source's order 727
    assert holding_event_ids(shop) == []


def test_an_order_id_takes_precedence_over_a_reference_of_another_order(
    shop: Shop, provider: str, databases: Databases
) -> None:
    send_sale(shop, "1002")
    send_sale(shop, order_id="1002")
    named: dict[str, Any] = {"metadata": {"order_id": " 1002 "}}
    assert state_of(databases, send(shop, provider, event("stripe_refund_created", **named)).event_id) == (
        "parked",
        "1002",
    )


def test_a_payment_id_takes_precedence_over_an_order_number(
    shop: Shop, provider: str, databases: Databases
) -> None:
    send_sale(shop, PAYMENT)
    send_sale(shop, order_id="1002")
    received = send(shop, provider, event("stripe_dispute_created", metadata={"order_id": "1002"}))
    assert state_of(databases, received.event_id) == ("applied", "1001")


@pytest.mark.parametrize("then", [(), ("won",)])
def test_a_lost_dispute_does_not_cover_a_refund_claim(
    shop: Shop, provider: str, then: tuple[str, ...]
) -> None:
    send_sale(shop, PAYMENT)
    send(shop, provider, lost_dispute(3000))
    for status in then:
        send(shop, provider, lost_dispute(3000, at=1762260000, key="evt_w", status=status))
    assert send(shop, provider, payload("stripe_refund_created")).state == "parked"


def test_claims_of_two_providers_need_two_reports(shop: Shop, provider: str) -> None:
    """The order was paid in two parts; the shop has reported one of their refunds."""
    second = create_supporting_source(shop, "standard", secret=shop.secret)
    send_sale(shop, PAYMENT)
    send_refund(shop)
    one = send(shop, provider, payload("stripe_refund_created"))
    two = shop.send("refund.created", refund("theirs", amount=2000), source_id=second, now=LATER)
    assert (one.state, two.state) == ("applied", "parked")


def test_a_refund_claimed_with_two_amounts_counts_once(shop: Shop) -> None:
    other = create_supporting_source(shop, "standard", secret=shop.secret)
    send_sale(shop)
    send_refund(shop, 2500)
    for amount in (2000, 2500):
        received = shop.send("refund.created", refund("theirs", amount=amount), source_id=other, now=LATER)
        assert received.state == "applied"


def test_a_dismissed_refund_claim_is_not_raised_again(
    shop: Shop, provider: str, databases: Databases
) -> None:
    """Cumulative refunds are totals: a later one does not show which part of it is new."""
    send_sale(shop, PAYMENT)
    received = send(shop, provider, payload("stripe_refund_created"))
    transact(databases.main, lambda s: dismiss(s, received.event_id, reason="a voucher instead"))
    send_refund(shop, 500)
    for value in (
        event("stripe_refund_created", key="evt_again"),
        event("stripe_refund_created", key="evt_r2", id="re_3Two", amount=500),
        event("stripe_charge_refunded_basil", amount_refunded=2500),
    ):
        assert send(shop, provider, value).state == "applied"
    assert state_of(databases, received.event_id)[0] == "dismissed"
