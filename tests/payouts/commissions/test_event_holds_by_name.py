"""Unapplied messages hold their order's commission, also when they name only its payment."""

from typing import Any

import pytest

from config.database import read_session
from tests.cast.books import Books, at
from tests.cast.people import PERSON
from tests.cast.shop import envelope, refund
from tests.payouts.commissions.test_provider_refunds import (
    PAYMENT,
    REFUNDED,
    SOLD,
    deliver,
    refund_messages,
    stripe_source,
    unix_time,
)
from tests.tracker.sales.payloads_read import event, payload, raw
from tracker.sales.inbox.apply_or_park import ReceiveResult, dismiss, receive, replay
from tracker.sales.orders.queries import find_sale
from tracker.sales.queries import sale_history
from tracker.sales.sources.operations import create_source, get_source

HELD, PAYABLE = (9_00, 0), (0, 9_00)
REFUND: dict[str, Any] = PAYMENT | {"created": unix_time(REFUNDED), "amount": 2000}


def balances_of(books: Books) -> tuple[int, int]:
    balance = books.balance()
    return balance.pending_minor, balance.payable_minor


def refund_under_a_used_id(books: Books, source_id: str, when: str) -> ReceiveResult:
    deliver(books, source_id, event("stripe_session_paid", type="customer.created", key="evt_twice"), when)
    received = deliver(books, source_id, event("stripe_refund_created", key="evt_twice", **REFUND), when)
    assert received.state == "conflict"
    return received


def test_commission_is_not_released_while_a_conflict_names_the_payment_of_its_order(books: Books) -> None:
    source_id = stripe_source(books)
    deliver(books, source_id, refund_messages(books)[0], "10-02")
    conflict = refund_under_a_used_id(books, source_id, "10-10")
    books.run_jobs(at("11-20"))
    assert balances_of(books) == HELD

    books.write(lambda s: replay(s, at("11-21"), conflict.event_id, keys=books.settings.secret_keys))
    books.run_jobs(at("11-21"))
    assert balances_of(books) == (0, 7_41)
    assert books.faults() == []


def test_a_conflict_that_names_the_payment_holds_a_released_commission_again(books: Books) -> None:
    source_id = stripe_source(books)
    sold = refund_messages(books)[0]
    deliver(books, source_id, sold, "10-02")
    books.run_jobs(at("11-01"))
    assert balances_of(books) == PAYABLE
    conflict = refund_under_a_used_id(books, source_id, "11-05")
    assert balances_of(books) == HELD

    def shown(session: Any) -> list[str]:
        sale = find_sale(session, books.brand_id, sold["data"]["object"]["id"])
        return [parked.id for parked in sale_history(session, sale).parked]

    assert books.write(shown) == [conflict.event_id]
    books.write(lambda s: dismiss(s, conflict.event_id, reason="a mistake"))
    books.run_jobs(at("11-06"))
    assert balances_of(books) == PAYABLE
    assert books.faults() == []


@pytest.mark.parametrize("named_on", ["10-10", "11-05"], ids=["while it is held", "after its release"])
def test_a_parked_refund_holds_the_order_once_its_payment_is_reported(books: Books, named_on: str) -> None:
    """The order of the payment is reported after the refund, which is in another currency."""
    source_id = stripe_source(books)
    token, paid = books.click(books.link_id, SOLD), {"paid_at": unix_time(SOLD)}
    for each in (
        event("stripe_session_subscription", at=unix_time(SOLD), client_reference_id=token),
        event("stripe_invoice_first_basil", at=unix_time(SOLD), status_transitions=paid),
    ):
        deliver(books, source_id, each, "10-02")
    payment = REFUND | {"payment_intent": "pi_3ExampleFirst", "currency": "usd"}
    refund = deliver(books, source_id, event("stripe_refund_created", **payment), "10-05")
    assert (refund.state, refund.reason) == ("parked", "waiting for order pi_3ExampleFirst")

    deliver(books, source_id, event("stripe_invoice_payment_paid", at=unix_time(SOLD)), named_on)
    books.run_jobs(at("11-20"))
    assert balances_of(books) == (2_00, 0)
    books.write(lambda s: dismiss(s, refund.event_id, reason="a mistake"))
    books.run_jobs(at("11-21"))
    assert balances_of(books) == (0, 2_00)
    assert books.faults() == []


def test_a_conflict_in_another_shop_of_the_brand_holds_nothing_here(books: Books) -> None:
    source_id, other_id = stripe_source(books), stripe_source(books)
    deliver(books, source_id, refund_messages(books)[0], "10-02")
    refund_under_a_used_id(books, other_id, "10-10")
    books.run_jobs(at("11-20"))
    assert balances_of(books) == PAYABLE


def one_more_source(books: Books, kind: str, namespace: str | None = None) -> str:
    values: dict[str, Any] = {"brand_id": books.brand_id, "kind": kind, "namespace": namespace}
    keys = books.settings.secret_keys
    made: str = books.write(lambda s: create_source(s, at("09-01"), actor=PERSON, **values, keys=keys)[0].id)
    return made


def test_standard_message_holds_an_order_by_its_number(books: Books) -> None:
    """A person who writes a message by hand may know only the number."""
    shop, by_hand = (one_more_source(books, kind, "both") for kind in ("woocommerce", "standard"))
    token = [{"id": 9, "key": "_ll", "value": books.click(books.link_id, SOLD)}]
    sold = payload("woocommerce_order_processing", meta_data=token, date_paid_gmt="2026-10-01T12:00:00")
    back = refund(order_id="T-727", occurred_at="2026-10-05T12:00:00Z")

    def receive_all(session: Any) -> list[str]:
        messages = [(shop, raw(sold), "order.updated"), (by_hand, envelope("refund.created", back), None)]
        return [
            receive(
                session,
                at("10-06"),
                get_source(session, source_id),
                "m1",
                body,
                keys=books.settings.secret_keys,
                topic=topic,
            ).state
            for source_id, body, topic in messages
        ]

    assert books.write(receive_all) == ["applied", "parked"]
    books.run_jobs(at("10-07"))
    books.run_jobs(at("11-20"))
    assert balances_of(books) == HELD


def test_message_does_not_hold_an_order_whose_number_equals_its_order_id(books: Books) -> None:
    """Some WooCommerce plugins change order numbers. The deletion of an unpaid order stays parked forever."""
    source_id, keys = one_more_source(books, "woocommerce"), books.settings.secret_keys
    token = [{"id": 9, "key": "_ll", "value": books.click(books.link_id, SOLD)}]
    order: dict[str, Any] = {
        "id": 728,
        "number": "727",
        "meta_data": token,
        "date_paid_gmt": "2026-10-01T12:00:00",
    }
    messages = [
        ("order.deleted", payload("woocommerce_order_deleted", id=727)),
        ("order.updated", payload("woocommerce_order_processing", **order)),
    ]

    def receive_all(session: Any) -> list[tuple[str, str | None]]:
        source = get_source(session, source_id)
        received = [
            receive(session, at("10-02"), source, topic, raw(value), keys=keys, topic=topic)
            for topic, value in reversed(messages)
        ]
        return [(each.state, each.reason) for each in received]

    assert books.write(receive_all) == [("applied", None), ("parked", "waiting for order 727")]
    books.run_jobs(at("10-03"))
    books.run_jobs(at("11-20"))
    assert balances_of(books) == PAYABLE
    with read_session(books.databases.main) as session:
        sale = find_sale(session, books.brand_id, "727")
        assert (sale.order_id, sale_history(session, sale).parked) == ("728", [])
