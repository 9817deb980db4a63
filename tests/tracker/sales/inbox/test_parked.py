"""A message without an order id waits under all names that it gives its order, in any order of arrival."""

from datetime import datetime
from itertools import permutations
from threading import Event as Signal
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from tests.cast.people import PERSON, START
from tests.cast.shop import Shop, envelope, sale
from tests.harness.processes.threads import DEADLINE_S, run_concurrently
from tests.tracker.sales.inbox.test_concurrency import has_lock_waiter, states, wait_until
from tests.tracker.sales.payloads_read import lemon, raw
from tracker.sales.inbox.apply_or_park import ReceiveResult, receive
from tracker.sales.orders.models import CumulativeRefund
from tracker.sales.orders.queries import find_sale
from tracker.sales.queries import sale_history
from tracker.sales.sources.operations import create_source, get_source

NOW = datetime.fromisoformat("2025-11-05T10:00:00+00:00")
ORDER, OTHER_ORDER = "685946", "685947"
AMOUNTS: dict[str, Any] = {"total": 10710, "tax": 1710, "shipping": 0, "occurred_at": "2025-11-01T10:00:00Z"}


class Books(NamedTuple):
    """A store at Lemon Squeezy, and a source by which the brand reports its orders itself."""

    shop: Shop
    store: str
    by_hand: str

    def source_and_body(self, name: str, **changes: Any) -> tuple[str, bytes]:
        if name == "sale":
            sold = sale(**{"order_id": ORDER, **AMOUNTS, **changes})
            return self.by_hand, envelope("sale.created", sold)
        return self.store, raw(lemon(name, **changes))

    def send(self, name: str, **changes: Any) -> ReceiveResult:
        source_id, body = self.source_and_body(name, **changes)
        return self.shop.send_raw(body, source_id=source_id, now=NOW)

    def refunds(self) -> list[int]:
        with read_session(self.shop.databases.main) as session:
            return list(session.scalars(select(CumulativeRefund.amount_minor)))

    def holding_event_ids(self, order_id: str = ORDER) -> list[str]:
        with read_session(self.shop.databases.main) as session:
            found = find_sale(session, self.shop.brand_id, order_id)
            return [each.id for each in sale_history(session, found).parked]


@pytest.fixture
def two_sources(shop: Shop) -> Books:
    def work(session: Session) -> Books:
        values: dict[str, Any] = {"brand_id": shop.brand_id, "keys": shop.keys, "namespace": "store"}
        return Books(
            shop,
            create_source(session, START, actor=PERSON, kind="lemonsqueezy", **values)[0].id,
            create_source(session, START, actor=PERSON, kind="standard", **values)[0].id,
        )

    return transact(shop.databases.main, work)


MESSAGES = ("sale", "subscription_created", "payment_initial_refunded")
"""The sale has the order's id, the subscription the id and its own name, and the refund, besides the
identifier, which nobody else reports, the subscription's name."""


@pytest.mark.parametrize("names", list(permutations(MESSAGES)), ids="-".join)
def test_a_refund_is_booked_once_any_of_its_names_is_known(
    two_sources: Books, names: tuple[str, ...]
) -> None:
    for name in names:
        two_sources.send(name)
    assert states(two_sources.shop.databases) == {"applied": 3}
    assert (two_sources.refunds(), two_sources.holding_event_ids()) == ([2000], [])


@pytest.mark.parametrize("names", list(permutations(MESSAGES)), ids="-".join)
def test_a_refund_that_cannot_be_booked_holds_the_order_by_any_of_its_names(
    two_sources: Books, names: tuple[str, ...]
) -> None:
    received = {
        name: two_sources.send(
            name, **{"refunded_amount": None} if name == "payment_initial_refunded" else {}
        )
        for name in names
    }
    assert states(two_sources.shop.databases) == {"applied": 2, "parked": 1}
    assert two_sources.holding_event_ids() == [received["payment_initial_refunded"].event_id]


def test_a_message_in_conflict_holds_the_order_by_any_of_its_names(two_sources: Books) -> None:
    def send(name: str) -> ReceiveResult:
        source_id, body = two_sources.source_and_body(name)
        return two_sources.shop.send_raw(body, key="twice", source_id=source_id, now=NOW)

    two_sources.send("sale")
    send("subscription_created")
    received = send("payment_initial_refunded")
    assert received.state == "conflict"
    assert two_sources.holding_event_ids() == [received.event_id]


@pytest.mark.parametrize("is_refunded_first", [False, True])
def test_a_refund_whose_names_belong_to_two_sold_orders_holds_both(
    two_sources: Books, is_refunded_first: bool
) -> None:
    """One order has the identifier, the other one the subscription."""
    subscription = {"order_id": int(OTHER_ORDER)}

    def send_sales() -> None:
        two_sources.send("sale", order_id=OTHER_ORDER)
        two_sources.send("subscription_created", **subscription)
        two_sources.send("order_created")

    if not is_refunded_first:
        send_sales()
    refund = two_sources.send(
        "payment_initial_refunded", **{"currency": "USD"} if is_refunded_first else {}
    )  # in another currency it is parked, whichever order it is matched to
    if is_refunded_first:
        send_sales()
    assert refund.state == "parked"
    assert two_sources.refunds() == []
    for order_id in (ORDER, OTHER_ORDER):
        assert two_sources.holding_event_ids(order_id) == [refund.event_id]


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("first", "second"), list(permutations(MESSAGES, 2)))
def test_concurrent_messages_find_each_other_by_any_name(
    two_sources: Books, databases: Databases, first: str, second: str
) -> None:
    [before] = {*MESSAGES} - {first, second}
    two_sources.send(before)
    first_is_received, second_is_done = Signal(), Signal()

    def send_first() -> ReceiveResult:
        source_id, body = two_sources.source_and_body(first)

        def work(session: Session) -> ReceiveResult:
            received = receive(
                session, NOW, get_source(session, source_id), "first", body, keys=two_sources.shop.keys
            )
            first_is_received.set()
            wait_until(lambda: second_is_done.is_set() or has_lock_waiter(databases))
            return received

        return transact(databases.main, work)

    def send_second() -> ReceiveResult:
        first_is_received.wait(DEADLINE_S)
        received = two_sources.send(second)
        second_is_done.set()
        return received

    run_concurrently(send_first, send_second)
    assert states(databases) == {"applied": 3}
    assert two_sources.refunds() == [2000]
