"""Totals of sales equal the sums over all rows: after late rows, moved credit, crashes, concurrent runs."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import delete, event

from config.settings import Settings
from payouts.ledger.rules_changes import change_rules
from payouts.processes.job_table import JOBS, tick
from payouts.rollups import count_sales
from payouts.rollups.models import CountedDay, CountedSlot, SaleDay, SaleMonth
from payouts.rollups.recorded import EPOCH
from payouts.statements.decisions.commissions import decline
from tests.cast.books import Books, add_brand, add_creator, add_link, at
from tests.cast.people import PERSON
from tests.harness.processes.threads import run_concurrently
from tests.payouts.commissions.order_state import report_again
from tests.payouts.rollups.raw_totals import (
    assert_totals_are_right,
    expected,
    sales_count,
    stored,
)
from tracker.errors import LinkledgerError
from tracker.ids import new_uuid

NOW = at("12-31")


def count(books: Books, now: datetime = NOW) -> int:
    return sales_count(books).count(EPOCH, now)


def sell(books: Books, order: str, when: str = "10-01 12:00", net: int = 100_00) -> None:
    """By a click of an hour before."""
    clicked = f"{at(when) - timedelta(hours=1):%m-%d %H:%M}"
    books.sale(order, net, when, click=books.click(books.link_id, clicked))


def test_totals_of_a_day_have_sales_refunds_and_commission(books: Books) -> None:
    sell(books, "S1")
    sell(books, "S2")
    books.refund("S1", 40_00, "10-09")
    assert count(books) == 1
    brand = (books.brand_id, "all", books.brand_id, "EUR", "2026-10-01")
    link = (books.brand_id, "link", books.link_id, "EUR", "2026-10-01")
    assert stored(books.databases)[brand] == [2, 200_00, 40_00, 20_00, 16_00]
    assert stored(books.databases)[link] == [2, 200_00, 40_00, 20_00, 16_00]
    assert_totals_are_right(books.databases)


def test_nothing_is_computed_again_without_new_rows(books: Books) -> None:
    sell(books, "S1")
    assert count(books) == 1
    assert count(books) == 0


def test_a_refund_months_later_changes_the_day_of_the_sale(books: Books) -> None:
    sell(books, "S1")
    assert sales_count(books).count_new(at("10-01"), at("10-02")) == 1
    books.refund("S1", 100_00, "12-20")
    assert sales_count(books).count_new(at("12-20"), at("12-21")) == 1
    assert_totals_are_right(books.databases)


def test_a_row_that_is_recorded_late_is_found_by_the_count_of_all(books: Books) -> None:
    """Its id is of long ago: its transaction waited, or its process had a wrong clock."""
    sell(books, "S1", "10-20 12:00")
    assert sales_count(books).count_new(at("10-20"), at("10-21")) == 1
    sell(books, "S2", "10-03 12:00")
    assert sales_count(books).count_new(at("10-21"), at("10-21 01:00")) == 0
    assert count(books) == 1
    assert_totals_are_right(books.databases)


def test_credit_that_moves_to_another_creator_or_link_moves_the_sale(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False, rate_bp=2000)
    second = add_link(books, "second")
    sell(books, "S1", "10-01 10:00")
    sell(books, "S2", "10-01 10:00")
    assert count(books) == 1
    report_again(books, "S1", 100_00, "10-01 10:00", books.click(bob.link_id, "10-01 09:59"), "10-03")
    report_again(books, "S2", 100_00, "10-01 10:00", books.click(second, "10-01 09:59"), "10-03")
    assert count(books) == 1
    figures = stored(books.databases)
    assert figures == expected(books.databases)
    assert any(key[2] == second for key in figures)


def test_days_are_those_of_the_brands_zone_and_brands_stay_apart(books: Books) -> None:
    other = add_brand(books, timezone="Pacific/Auckland")
    sell(books, "S1", "10-31 23:30")
    sell(other, "T1", "10-31 11:30")
    assert count(books) == 2
    days = {(key[0], key[4]) for key in stored(books.databases)}
    assert days == {(books.brand_id, "2026-10-31"), (other.brand_id, "2026-11-01")}
    assert_totals_are_right(books.databases)


def test_a_change_of_the_zone_changes_no_day_that_was_counted(books: Books) -> None:
    sell(books, "S1", "10-31 21:30")
    assert count(books, at("11-01")) == 1
    books.write(
        lambda s: change_rules(s, at("11-10"), actor=PERSON, brand_id=books.brand_id, timezone="Asia/Tokyo")
    )
    sell(books, "S2", "12-04 16:30")
    books.refund("S1", 10_00, "12-05")
    assert count(books) == 2
    assert_totals_are_right(books.databases)


def test_an_older_computation_does_not_replace_a_newer_one(books: Books) -> None:
    """One scheduler has read the day, then another one counts a new sale, then the first one writes."""
    sell(books, "S1")
    waiting: list[Callable[..., Any]] = []

    def write_later(work: Callable[..., Any]) -> int:
        waiting.append(work)
        return 0

    slow = count_sales.SalesCount(books.databases.main, write_later)
    assert slow.count(EPOCH, NOW) == 1
    sell(books, "S2")
    count(books)
    for work in waiting:
        books.write(work)
    assert stored(books.databases) == expected(books.databases)
    count(books)
    assert_totals_are_right(books.databases)


def test_concurrent_counts_lead_to_the_same_totals(books: Books) -> None:
    for number in range(6):
        sell(books, f"S{number}", f"10-0{number + 1} 12:00")
    run_concurrently(*[partial(count, books)] * 3)
    assert count(books) == 0
    assert_totals_are_right(books.databases)


class Crash(BaseException):
    """Not caught by `except Exception`, as a kill is not."""


def test_a_count_that_is_killed_at_any_commit_is_finished_by_the_next(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(count_sales, "ROWS_PER_WRITE", 3)
    bob = add_creator(books, "bob", connected=False)
    sell(books, "S1")
    sell(bob, "S2")
    sell(books, "S3", "10-04 12:00")
    books.refund("S1", 50_00, "10-09")
    for number in range(1, 100):
        books.write(_forget)
        if not _killed_at_commit(books, number):
            break
        count(books)
        assert_totals_are_right(books.databases)
        assert count(books) == 0
    assert number > 5


def _forget(session: Any) -> None:
    for model in (SaleDay, SaleMonth, CountedDay, CountedSlot):
        session.execute(delete(model))


def _killed_at_commit(books: Books, number: int) -> bool:
    seen = 0

    def crash(_connection: object) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            raise Crash

    event.listen(books.databases.main, "commit", crash)
    try:
        count(books)
        return False
    except Crash:
        return True
    finally:
        event.remove(books.databases.main, "commit", crash)


def test_the_jobs_keep_the_totals_up_to_date(books: Books, settings: Settings) -> None:
    sell(books, "S1")
    results = tick(books.databases, settings, at("10-01 12:05"))
    assert results["sale-totals-all"] == {"days": 1}
    assert_totals_are_right(books.databases)
    sell(books, "S2")
    assert tick(books.databases, settings, at("10-01 12:10"))["sale-totals"] == {"days": 1}
    assert_totals_are_right(books.databases)
    assert {job.name for job in JOBS} >= {"sale-totals", "sale-totals-late", "sale-totals-all"}


ORDERS = ("S1", "S2", "S3")
DAYS = ("10-01 12:00", "10-01 22:30", "10-31 23:30")
steps = st.one_of(
    st.tuples(st.just("sale"), st.sampled_from(ORDERS), st.integers(0, 2), st.sampled_from([0, 1, 99_99])),
    st.tuples(st.just("refund"), st.sampled_from(ORDERS), st.integers(1, 50), st.integers(1, 120_00)),
    st.tuples(st.just("dispute"), st.sampled_from(ORDERS), st.integers(1, 50), st.booleans()),
    st.tuples(st.just("evidence"), st.sampled_from(ORDERS), st.integers(1, 50), st.booleans()),
    st.tuples(st.just("decline"), st.sampled_from(ORDERS), st.integers(1, 50), st.just(0)),
    st.tuples(st.just("count"), st.just(""), st.just(0), st.just(0)),
)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(history=st.lists(steps, min_size=3, max_size=14))
def test_totals_equal_the_sums_over_all_rows(books: Books, rival: Books, history: list[Any]) -> None:
    """Any history, counted at any time in between. Orders of all examples add up in one database."""
    player = Player(books, rival, f"{new_uuid(NOW).hex}")
    for kind, order, number, amount in history:
        getattr(player, kind)(order, number, amount)
    count(books)
    assert_totals_are_right(books.databases)
    assert count(books) == 0


@pytest.fixture
def rival(books: Books) -> Books:
    return add_creator(books, "rival", connected=False, rate_bp=2000)


@dataclass
class Player:
    """Plays the steps of one example. An order that was not sold yet may be refunded: it waits, parked."""

    books: Books
    rival: Books
    example: str
    sold: dict[str, tuple[str, int]] = field(default_factory=dict)

    def sale(self, order: str, number: int, net: int) -> None:
        if order not in self.sold:
            self.sold[order] = (DAYS[number], net)
            sell(self.books, self._name(order), DAYS[number], net)

    def refund(self, order: str, day: int, amount: int) -> None:
        self.books.refund(self._name(order), amount, self._day(day), f"{order}-{day}-{amount}")

    def dispute(self, order: str, day: int, lost: bool) -> None:
        self.books.dispute(self._name(order), "lost" if lost else "opened", 5, self._day(day))

    def evidence(self, order: str, minute: int, other: bool) -> None:
        if order in self.sold:
            when, net = self.sold[order]
            clicked = f"{(at(when) - timedelta(minutes=minute)):%m-%d %H:%M}"
            token = self.books.click((self.rival if other else self.books).link_id, clicked)
            report_again(self.books, self._name(order), net, when, token, self._day(minute))

    def decline(self, order: str, day: int, _unused: int) -> None:
        if order in self.sold:
            with suppress(LinkledgerError):  # some commissions cannot be declined (any more)
                self.books.decide(decline, self._name(order), self._day(day), reason="other", note="a test")

    def count(self, *_unused: Any) -> None:
        count(self.books)

    def _name(self, order: str) -> str:
        return f"{self.example}-{order}"

    @staticmethod
    def _day(number: int) -> str:
        return f"{(at('10-31 23:45') + timedelta(days=number)):%m-%d %H:%M}"
