"""Sales that are suspicious because of other sales: too many, or possibly reported twice."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from config.database import read_session
from payouts.commissions.models import Commission, Hold
from payouts.statements.decisions.commissions import release
from tests.cast.books import Books, at
from tests.payouts.commissions.order_state import balances_of
from tests.payouts.commissions.suspects import (
    SOLD,
    duplicate,
    held_queue,
    paid_by_stripe,
    set_suspicion_setting,
    signals,
)


def report_many_sales(books: Books, token: str, *numbers: int) -> None:
    """One sale a minute, all from one click."""
    for number in numbers:
        books.sale(f"S{number}", 100_00, f"10-01 {11 + number // 60:02}:{number % 60:02}", click=token)


def test_all_sales_of_one_visitor_are_held_once_the_limit_is_reached(books: Books) -> None:
    set_suspicion_setting(books, "many_sales", "4")
    token = books.click(books.link_id, "10-01 10:00")
    report_many_sales(books, token, 0, 1, 2)
    assert held_queue(books) == []
    report_many_sales(books, token, 3)
    assert [names for _order, names in signals(books)] == [["many_sales"]] * 4
    assert balances_of(books) == (40_00, 0, 0)
    assert books.faults() == []


def test_brand_sets_the_sales_limit_and_released_sales_stay_released(books: Books) -> None:
    set_suspicion_setting(books, "many_sales", "2")
    token = books.click(books.link_id, "10-01 10:00")
    report_many_sales(books, token, 0, 1)
    for order in ("S0", "S1"):
        books.decide(release, order, "10-02")
    report_many_sales(books, token, 2)
    assert signals(books) == [("S2", ["many_sales"])]


def test_sales_limit_holds_released_but_not_paid_commissions(books: Books) -> None:
    set_suspicion_setting(books, "many_sales", "3")
    books.sale("S0", 100_00, SOLD, customer="c-1")
    books.run_jobs(at("11-01"))
    books.end("2026-10", "11-02")
    books.approve("2026-10", "11-08")
    books.sale("S1", 200_00, "10-01 13:00", customer="c-1")
    books.run_jobs(at("11-09"))
    assert balances_of(books) == (0, 30_00, 0)
    books.sale("S2", 300_00, "10-01 14:00", customer="c-1")
    assert (balances_of(books), books.faults()) == ((60_00, 0, 0), [])


@pytest.mark.parametrize("first", ["shop", "stripe"])
def test_the_same_order_from_two_sources_is_held_in_either_order(books: Books, first: str) -> None:
    steps: list[Callable[[], object]] = [
        lambda: duplicate(books, "10-01 12:00"),
        lambda: paid_by_stripe(books, "10-01 12:08"),
    ]
    for step in steps if first == "shop" else reversed(steps):
        step()
    (each,) = held_queue(books)
    assert each.order_id == "cs_live_a1ExampleSessionOfOrderOne"
    assert [placed.signal for placed in each.holds] == ["possible_duplicate"]
    assert "S1" not in each.holds[0].reason
    assert (each.holds[0].evidence or {})["order"] == "S1"
    books.run_jobs(at("11-20"))
    assert (balances_of(books), books.faults()) == ((0, 11_31, 0), [])


def test_earlier_duplicate_is_held_if_the_later_one_was_paid(books: Books) -> None:
    books.sale("S0", 500_00, SOLD)
    duplicate(books, "10-01 12:08")
    books.end("2026-10", "11-02")
    books.approve("2026-10", "11-08")
    assert len(books.pay("11-09").paid) == 1
    paid_by_stripe(books, "10-01 12:00", now="11-10")
    assert signals(books) == [("cs_live_a1ExampleSessionOfOrderOne", ["possible_duplicate"])]


def test_orders_more_than_ten_minutes_apart_are_no_duplicates(books: Books) -> None:
    duplicate(books, "2026-10-01T12:00:00")
    paid_by_stripe(books, "2026-10-01T12:10:01")
    assert held_queue(books) == []


def test_aliases_of_the_customer_are_one_customer(books: Books) -> None:
    duplicate(books, "10-01 12:00")
    paid_by_stripe(books, "10-01 12:08", customer_details={"email": "Erika+shop@customers.example"})
    assert signals(books) == [("cs_live_a1ExampleSessionOfOrderOne", ["possible_duplicate"])]


def test_daily_sales_of_one_customer_are_not_held(books: Books) -> None:
    """One sale a day by one customer: no commission is held."""
    set_suspicion_setting(books, "many_sales", "3")
    for number in range(4):
        sold = f"{at('10-01') + timedelta(days=number):%m-%d %H:%M}"
        books.sale(f"S{number}", 100_00, sold, customer="c-1")
    assert held_queue(books) == []
    with read_session(books.databases.main) as session:
        assert len(session.scalars(select(Commission)).all()) == 4


def test_paid_and_refunded_sales_count_for_the_limit_but_are_not_held(books: Books) -> None:
    set_suspicion_setting(books, "many_sales", "3")
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
