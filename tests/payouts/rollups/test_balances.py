"""Balances for pages are the sums of all postings at any moment, wherever the copies stand."""

from functools import partial

import pytest
from sqlalchemy import event

from config.database import read_session
from config.settings import Settings
from payouts.ledger.balances import creator_balances
from payouts.portal.home import creator_home
from payouts.processes.job_table import tick
from payouts.rollups.balances import brands_with_postings, carry_balances, owed_by_brand
from tests.cast.books import Books, add_brand, add_creator, at
from tests.cast.months import OCTOBER, seal, sell_and_release
from tests.harness.processes.threads import run_concurrently
from tracker.money import Money

NOW = at("12-01")


def carry(books: Books, limit: int = 2) -> int:
    carried = 0
    while done := books.write(partial(carry_balances, now=NOW, limit=limit, brand_id=books.brand_id)):
        carried += int(done)
    return carried


def assert_balances_are_right(books: Books, *creators: str) -> None:
    with read_session(books.databases.main) as session:
        known = creator_balances(session, books.brand_id, "EUR")
        owed = owed_by_brand(session, books.brand_id)
        home = {each: creator_home(session, NOW, each) for each in creators}
    for kind in ("pending", "payable", "in_transit"):
        total = sum(getattr(each, f"{kind}_minor") for each in known.values())
        assert owed.get(("EUR", kind), 0) == total
    for creator, rows in home.items():
        (row,) = [each for each in rows if each.brand_id == books.brand_id]
        found = (row.held.minor, row.available.minor, row.on_its_way.minor)
        assert found == (
            known[creator].pending_minor,
            known[creator].payable_minor,
            known[creator].in_transit_minor,
        )


def test_balances_are_those_of_this_moment_with_and_without_copies(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    sell_and_release(books, "S1", 100_00)
    bob.sale("S2", 50_00, "10-02")
    assert_balances_are_right(books, books.creator_id, bob.creator_id)
    assert carry(books) > 2
    assert_balances_are_right(books, books.creator_id, bob.creator_id)
    books.refund("S1", 40_00, "10-31 13:00")
    assert_balances_are_right(books, books.creator_id, bob.creator_id)
    assert carry(books) == 1
    assert_balances_are_right(books, books.creator_id, bob.creator_id)


def test_a_creator_sees_each_brand_apart_with_what_comes_next(books: Books) -> None:
    other = add_brand(books)
    books.sale("S1", 100_00, "10-01")
    other.sale("T1", 10_00, "10-02")
    carry(books)
    with read_session(books.databases.main) as session:
        teas, mugs = sorted(
            creator_home(session, at("10-05"), books.creator_id), key=lambda row: -row.held.minor
        )
    assert (teas.held, mugs.held) == (Money(10_00, "EUR"), Money(1_00, "EUR"))
    assert (teas.next_release_at, mugs.next_release_at) == (at("10-31"), at("11-01"))
    assert teas.next_payday == at("11-09 00:00")


def test_payouts_are_on_their_way_until_they_are_confirmed(books: Books) -> None:
    sell_and_release(books, "S1", 1000_00)
    seal(books, OCTOBER)
    assert books.run(OCTOBER.payday).pay(books.brand_id).paid
    carry(books, 1)
    assert_balances_are_right(books, books.creator_id)


class Crash(BaseException):
    """Not caught by `except Exception`, as a kill is not."""


def test_a_copy_that_is_killed_at_its_commit_adds_nothing_twice(books: Books) -> None:
    for number in range(3):
        books.sale(f"S{number}", 100_00, "10-01")

    def crash(_connection: object) -> None:
        raise Crash

    event.listen(books.databases.main, "commit", crash)
    with pytest.raises(Crash):
        carry(books)
    event.remove(books.databases.main, "commit", crash)
    assert carry(books) == 3
    assert_balances_are_right(books, books.creator_id)


def test_concurrent_copies_add_each_posting_once(books: Books) -> None:
    for number in range(6):
        books.sale(f"S{number}", 100_00, "10-01")
    run_concurrently(*[partial(carry, books, 1)] * 3)
    carry(books)
    assert_balances_are_right(books, books.creator_id)


def test_the_job_carries_copies_forward_and_then_finds_nothing(books: Books, settings: Settings) -> None:
    books.sale("S1", 100_00, "10-01")
    assert tick(books.databases, settings, at("10-01 12:05"))["balance-copies"] == {"transactions": 1}
    with read_session(books.databases.main) as session:
        assert list(brands_with_postings(session)) == []
    assert_balances_are_right(books, books.creator_id)
