"""One operation books one new sale and many, and messages are stored in the state in which they end."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from tests.cast.shop import RECEIVED_AT, SOLD, Shop, envelope, refund, sale
from tests.tracker.sales.inbox.test_apply_or_park import count
from tracker.errors import Invalid
from tracker.programs.policies import load_policies
from tracker.sales.attribution.models import Attribution
from tracker.sales.booking.new_sales import NewSale, book_new_sales
from tracker.sales.inbox.apply_or_park import receive_arrival
from tracker.sales.inbox.batch import receive_batch
from tracker.sales.inbox.models import Event
from tracker.sales.inbox.pending import Arrival
from tracker.sales.orders.models import OrderReference, Refund, Sale
from tracker.sales.reports.normal import SaleReport
from tracker.sales.sources.operations import get_source


@contextmanager
def statements_of(databases: Databases) -> Iterator[list[str]]:
    """The SQL texts that are executed meanwhile."""
    found: list[str] = []

    def add(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    event.listen(databases.main, "before_cursor_execute", add)
    yield found
    event.remove(databases.main, "before_cursor_execute", add)


def first_words(statements: list[str]) -> Counter[str]:
    """How often each kind of statement occurs, such as INSERT INTO sale."""
    return Counter(" ".join(each.split()[:3]).lower() for each in statements)


def arrival(shop: Shop, order_id: str, **changes: Any) -> Arrival:
    body = envelope("sale.created", sale(order_id=order_id, **changes))
    return shop.arrival(body, f"msg_{order_id}_{len(changes)}")


def batch(shop: Shop, *arrivals: Arrival) -> list[str]:
    """Receive these in one transaction; returns the state of each that was stored, in their order."""

    def work(session: Session) -> list[str]:
        found = receive_batch(session, shop.source_id, arrivals, shop.keys)
        return [found[each.pending.event_id].state for each in arrivals if each.pending.event_id in found]

    return transact(shop.databases.main, work)


def report(order_id: str, **changes: Any) -> SaleReport:
    at = datetime.fromisoformat(SOLD)
    values: dict[str, Any] = {"occurred_at": at, "currency": "EUR", "total": 100, "tax": 0, "shipping": 0}
    return SaleReport(order_id=order_id, **values | changes)


def book_reports(shop: Shop, event_id: str, *reports: SaleReport) -> set[str]:
    def work(session: Session) -> set[str]:
        source, policies = get_source(session, shop.source_id), load_policies(session, shop.brand_id)
        sales = [NewSale(event_id, RECEIVED_AT, each) for each in reports]
        return book_new_sales(session, source, sales, policies, shop.keys)

    return transact(shop.databases.main, work)


def test_each_new_sale_gets_its_row_its_names_and_its_attribution(shop: Shop, databases: Databases) -> None:
    event_id = shop.send("sale.created", sale(order_id="0")).event_id
    token = shop.token("anna")
    assert book_reports(shop, event_id, report("1", references=("a", "1")), report("2", click=token)) == {
        "1",
        "2",
    }
    assert [each.enrollment_id for each in shop.attributions("2")] == [shop.enrollments["anna"]]
    assert [each.enrollment_id for each in shop.attributions("1")] == [None]
    with read_session(databases.main) as session:
        names = session.execute(select(OrderReference.reference, OrderReference.order_id)).all()
    assert [tuple(each) for each in names] == [("a", "1")]


def test_a_sale_whose_order_is_booked_is_left_out(shop: Shop, databases: Databases) -> None:
    event_id = shop.send("sale.created", sale(order_id="0")).event_id
    booked = book_reports(shop, event_id, report("0", references=("a",)), report("1"))
    assert booked == {"1"}
    assert book_reports(shop, event_id, report("0"), report("1")) == set()
    assert (count(databases, Sale), count(databases, Attribution), count(databases, OrderReference)) == (
        2,
        2,
        0,
    )


def test_nothing_is_booked_when_one_sale_is_dated_before_the_brand(shop: Shop, databases: Databases) -> None:
    event_id = shop.send("sale.created", sale(order_id="0")).event_id
    old = report("2", occurred_at=datetime.fromisoformat("2001-01-01T00:00:00+00:00"))
    with pytest.raises(Invalid, match="Order 2 is dated 2001-01-01T00:00:00Z"):
        book_reports(shop, event_id, report("1"), old)
    assert count(databases, Sale) == 1


def test_many_new_sales_need_no_more_statements_than_one(shop: Shop, databases: Databases) -> None:
    counts = []
    for size in (1, 2, 12):
        token = shop.token("anna")
        arrivals = [arrival(shop, f"{size}-{number}", click=token) for number in range(size)]
        with statements_of(databases) as statements:
            assert batch(shop, *arrivals) == ["applied"] * size
        counts.append(first_words(statements))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0].total() <= 10


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_batches_of_any_size_look_for_sold_and_parked_orders_by_the_same_text(
    shop: Shop, databases: Databases
) -> None:
    """Otherwise the driver parses, and the server plans, a text for each size of a batch."""
    texts = []
    for size in (1, 2, 12):
        arrivals = [arrival(shop, f"{size}-{number}", references=["a", "b"]) for number in range(size)]
        with statements_of(databases) as statements:
            assert batch(shop, *arrivals) == ["applied"] * size
        texts += [each for each in statements if "event_name" in each]
    assert len(texts) == 3
    assert len(set(texts)) == 1


def test_a_new_sale_is_stored_as_applied_and_never_changed(shop: Shop, databases: Databases) -> None:
    with statements_of(databases) as statements:
        batch(shop, *(arrival(shop, str(number)) for number in range(3)))
    assert first_words(statements)["update event set"] == 0
    with read_session(databases.main) as session:
        rows = session.execute(select(Event.state, Event.applied_at, Event.reason)).all()
    assert [tuple(row) for row in rows] == [("applied", RECEIVED_AT, None)] * 3


def test_only_repeated_sales_change_their_state_once(shop: Shop, databases: Databases) -> None:
    shop.send("sale.created", sale(order_id="sold"))
    arrivals = [
        arrival(shop, "new"),
        arrival(shop, "sold", total=7000),
        arrival(shop, "sold", coupons=["ANNA10"], customer="c"),
        arrival(shop, "new", coupons=["ANNA10"], customer="c", items=[]),
    ]
    with statements_of(databases) as statements:
        assert batch(shop, *arrivals) == ["applied", "parked", "applied", "applied"]
    assert first_words(statements)["update event set"] == 3
    with read_session(databases.main) as session:
        assert sorted(session.scalars(select(Event.state))) == ["applied"] * 4 + ["parked"]
    assert [each.enrollment_id for each in shop.attributions("new")] == [None, shop.enrollments["anna"]]


def test_the_first_message_of_an_order_may_be_a_duplicate(shop: Shop, databases: Databases) -> None:
    """Then nothing of it is stored, and the next one books the sale."""
    shop.send("sale.created", sale(order_id="other"), key="msg_1_0")
    assert batch(shop, arrival(shop, "1"), arrival(shop, "1", coupons=["ANNA10"])) == ["applied"]
    assert count(databases, Sale) == 2
    assert [each.enrollment_id for each in shop.attributions("1")] == [shop.enrollments["anna"]]


@pytest.mark.parametrize("size", [1, 3])
def test_a_refund_that_waits_under_a_name_is_applied_with_its_sale(
    shop: Shop, databases: Databases, size: int
) -> None:
    early = shop.send("refund.created", refund(order_id="1"))
    batch(shop, *(arrival(shop, str(number + 1)) for number in range(size)))
    with read_session(databases.main) as session:
        assert session.get_one(Event, early.event_id).state == "applied"
    assert count(databases, Refund) == 1


def test_one_sale_is_booked_by_the_same_statements_alone_and_in_a_batch(
    shop: Shop, databases: Databases
) -> None:
    """Only how the message is stored differs: alone, it may turn out to be anything."""

    def of_booking(statements: list[str]) -> Counter[str]:
        found = first_words(statements)
        return Counter({name: found[name] for name in found if name.startswith("insert into")})

    with statements_of(databases) as in_batch:
        batch(shop, arrival(shop, "1", references=["a"]))
    alone = arrival(shop, "2", references=["b"])
    with statements_of(databases) as single:
        transact(databases.main, lambda session: receive_arrival(session, alone, shop.keys))
    assert of_booking(single) == of_booking(in_batch)
