"""Sales that are suspicious because of other sales: crowds, and orders that may have been told twice."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from config.database import read_session
from payouts.commissions.models import Commission, Hold
from payouts.statements.decisions import release
from tests.payouts.cast import Books, at
from tests.payouts.commissions.people import click, decide, standing
from tests.payouts.commissions.suspects import SOLD, duplicate, found, paid_by_stripe, signals, wants


def crowd(books: Books, token: str, *numbers: int) -> None:
    """One minute after the other, by one click."""
    for number in numbers:
        books.sale(f"S{number}", 100_00, f"10-01 {11 + number // 60:02}:{number % 60:02}", click=token)


def test_many_sales_from_one_visitor_are_all_held_once_they_are_many(books: Books) -> None:
    wants(books, "many_sales", "4")
    token = click(books, books.link_id, "10-01 10:00")
    crowd(books, token, 0, 1, 2)
    assert found(books) == []
    crowd(books, token, 3)
    assert [names for _order, names in signals(books)] == [["many_sales"]] * 4
    assert standing(books) == (40_00, 0, 0)
    assert books.faults() == []


def test_a_brand_says_how_many_are_many_and_a_release_stays(books: Books) -> None:
    wants(books, "many_sales", "2")
    token = click(books, books.link_id, "10-01 10:00")
    crowd(books, token, 0, 1)
    for order in ("S0", "S1"):
        decide(books, release, order, "10-02")
    crowd(books, token, 2)
    assert signals(books) == [("S2", ["many_sales"])]


def test_a_crowd_takes_back_what_was_released_and_not_what_was_paid(books: Books) -> None:
    wants(books, "many_sales", "3")
    books.sale("S0", 100_00, SOLD, customer="c-1")
    books.settle(at("11-01"))
    books.end("2026-10", "11-02")
    books.approve("2026-10", "11-08")
    books.sale("S1", 200_00, "10-01 13:00", customer="c-1")
    books.settle(at("11-09"))
    assert standing(books) == (0, 30_00, 0)
    books.sale("S2", 300_00, "10-01 14:00", customer="c-1")
    assert (standing(books), books.faults()) == ((60_00, 0, 0), [])


@pytest.mark.parametrize("first", ["shop", "stripe"])
def test_the_same_order_from_two_sources_is_held_whichever_came_first(books: Books, first: str) -> None:
    steps: list[Callable[[], object]] = [
        lambda: duplicate(books, "10-01 12:00"),
        lambda: paid_by_stripe(books, "10-01 12:08"),
    ]
    for step in steps if first == "shop" else reversed(steps):
        step()
    (each,) = found(books)
    assert each.order_id == "cs_live_a1ExampleSessionOfOrderOne"
    assert [placed.signal for placed in each.holds] == ["possible_duplicate"]
    assert "S1" not in each.holds[0].reason
    assert (each.holds[0].evidence or {})["order"] == "S1"
    books.settle(at("11-20"))
    assert (standing(books), books.faults()) == ((0, 11_31, 0), [])


def test_the_earlier_is_held_when_it_comes_in_after_the_later_was_paid(books: Books) -> None:
    books.sale("S0", 500_00, SOLD)
    duplicate(books, "10-01 12:08")
    books.end("2026-10", "11-02")
    books.approve("2026-10", "11-08")
    assert len(books.pay("11-09").paid) == 1
    paid_by_stripe(books, "10-01 12:00", now="11-10")
    assert signals(books) == [("cs_live_a1ExampleSessionOfOrderOne", ["possible_duplicate"])]


def test_ten_minutes_and_a_second_later_it_is_another_order(books: Books) -> None:
    duplicate(books, "2026-10-01T12:00:00")
    paid_by_stripe(books, "2026-10-01T12:10:01")
    assert found(books) == []


def test_aliases_of_the_customer_are_one_customer(books: Books) -> None:
    duplicate(books, "10-01 12:00")
    paid_by_stripe(books, "10-01 12:08", customer_details={"email": "Erika+shop@customers.example"})
    assert signals(books) == [("cs_live_a1ExampleSessionOfOrderOne", ["possible_duplicate"])]


def test_a_customer_who_comes_every_day_is_no_crowd(books: Books) -> None:
    """Ordinary sales by one customer, one a day: nobody is held."""
    wants(books, "many_sales", "3")
    for number in range(4):
        sold = f"{at('10-01') + timedelta(days=number):%m-%d %H:%M}"
        books.sale(f"S{number}", 100_00, sold, customer="c-1")
    assert found(books) == []
    with read_session(books.databases.main) as session:
        assert len(session.scalars(select(Commission)).all()) == 4


def test_what_is_paid_or_worth_nothing_is_part_of_a_crowd_and_not_held(books: Books) -> None:
    wants(books, "many_sales", "3")
    books.sale("S0", 1000_00, SOLD, customer="c-1")
    books.end("2026-10", "11-02")
    books.approve("2026-10", "11-08")
    assert len(books.pay("11-09").paid) == 1
    books.sale("S1", 100_00, "10-01 13:00", customer="c-1")
    books.refund("S1", 100_00, "11-10")
    books.sale("S2", 100_00, "10-01 14:00", customer="c-1")
    with read_session(books.databases.main) as session:
        held = session.scalars(select(Hold.commission_id)).all()
    assert held == [books.commission("S2").id]
