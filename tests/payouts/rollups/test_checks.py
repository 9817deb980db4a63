"""A sweep finds copies of balances and totals of sales that are wrong, and none that are only behind."""

from functools import partial

import pytest
from sqlalchemy import text

from config.database import read_session
from payouts.rollups.balances import carry_balances
from payouts.selfcheck.checks import Promise
from payouts.selfcheck.runs import require_consistent_books, run_check
from tests.cast.books import Books, add_creator, at
from tests.cast.months import seed_after
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.rollups.test_balances import carry
from tests.payouts.rollups.test_count_sales import count, sell

NOW = at("12-31")


def sum_up(books: Books) -> None:
    """Two creators, two months, refunds, a commission that was released; all of it counted."""
    bob = add_creator(books, "bob", connected=False)
    sell(books, "S1")
    sell(books, "S2", "11-05 12:00")
    bob.sale("S3", 50_00, "10-02")
    books.refund("S1", 40_00, "10-09")
    books.run_jobs(at("11-02"))
    count(books)
    carry(books)


SUMMED_UP = seed_after(sum_up)
database_seed = database_seed_for(summed_up=SUMMED_UP)


@pytest.fixture
def summed_up(books: Books) -> Books:
    return books


def wrong(books: Books) -> list[str]:
    """What a sweep says about what pages show; there is nothing else to find."""
    partial_reads = partial(read_session, books.databases.clicks)
    run = run_check(books.databases.main, books.settings, NOW, full=True, clicks=partial_reads)
    found = run.result.of(Promise.PAGES)
    assert run.result.in_order() == found
    return [each.message for each in found]


def change(books: Books, statement: str) -> None:
    assert books.write(lambda s: s.execute(text(statement)).rowcount) > 0


PLANTED = {
    "a balance": ("update balance_copy set balance_minor = balance_minor + 1", "the balance of"),
    "a balance is gone": ("delete from balance_copy where kind = 'payable'", "pages show 0"),
    "the mark of balances": ("update balance_mark set seq = seq - 1", "the balance of"),
    "a day of a creator": (
        "update sale_day set net_minor = net_minor + 1 where scope = 'creator'",
        "creator",
    ),
    "a day of the brand": ("update sale_day set sales = sales + 1 where scope = 'all'", "all"),
    "a day is gone": ("delete from sale_day where day = '2026-10-02'", "pages show None"),
    "a day and its count are gone": (
        "delete from sale_day where day >= '2026-11'; delete from sale_day_counted where day >= '2026-11'",
        "pages show None",
    ),
    "a day without sales": ("update sale_day set day = '2026-10-03' where day = '2026-10-02'", "are None"),
    "a month": ("update sale_month set commission_minor = 0 where scope = 'link'", "in 2026-10"),
    "a month is gone": ("delete from sale_month where month = '2026-11'", "in 2026-11"),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_difference_is_found(summed_up: Books, what: str) -> None:
    statements, words = PLANTED[what]
    assert wrong(summed_up) == []
    for statement in statements.split("; "):
        change(summed_up, statement)
    assert any(words in message for message in wrong(summed_up)), wrong(summed_up)


def test_what_is_behind_is_no_fault(summed_up: Books) -> None:
    sell(summed_up, "S4")
    summed_up.refund("S2", 10_00, "11-20")
    assert wrong(summed_up) == []
    carried = partial(carry_balances, now=NOW, limit=1, brand_id=summed_up.brand_id)
    assert summed_up.write(carried) == 1
    assert wrong(summed_up) == []
    count(summed_up)
    carry(summed_up)
    assert wrong(summed_up) == []


def test_totals_that_were_never_made_are_no_fault(summed_up: Books) -> None:
    for statement in (
        "delete from sale_slot_counted",
        "delete from sale_day_counted",
        "delete from sale_day",
        "delete from sale_month",
        "delete from balance_mark",
        "delete from balance_copy",
    ):
        change(summed_up, statement)
    assert wrong(summed_up) == []


def test_a_wrong_day_is_found_although_another_day_is_behind(summed_up: Books) -> None:
    sell(summed_up, "S4", "11-20 12:00")
    change(summed_up, "update sale_day set net_minor = 1 where day = '2026-10-02' and scope = 'all'")
    assert len(wrong(summed_up)) == 2  # the day and its month


def test_a_wrong_total_stops_no_payout_and_the_books_stay_verified(summed_up: Books) -> None:
    change(summed_up, "update balance_copy set balance_minor = balance_minor + 1")
    require_consistent_books(summed_up.databases.main, summed_up.settings, NOW)
    assert wrong(summed_up)
    assert run_check(summed_up.databases.main, summed_up.settings, NOW).marks


def test_wrong_totals_are_computed_again_when_what_was_counted_is_forgotten(summed_up: Books) -> None:
    change(summed_up, "update sale_day set net_minor = net_minor + 1")
    change(summed_up, "update balance_copy set balance_minor = balance_minor + 1")
    assert wrong(summed_up)
    for table in ("sale_slot_counted", "balance_mark", "balance_copy"):
        change(summed_up, f"delete from {table}")
    count(summed_up)
    carry(summed_up)
    assert wrong(summed_up) == []
