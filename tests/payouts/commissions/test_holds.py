"""The holds of a commission, and what happens when they end."""

import pytest

from payouts.statements.decisions.commissions import decline, hold, release
from tests.cast.books import Books, add_link, at
from tests.cast.programs import add_program
from tests.payouts.commissions.order_state import ZERO_BALANCES, amount, balances_of, holds
from tracker.errors import Conflict, NotFound


def test_a_commission_is_released_on_its_release_date_and_not_before(books: Books) -> None:
    books.sale("S1", 100_00, "10-01 12:00")
    books.run_jobs(at("10-31 11:59"))
    assert balances_of(books) == (10_00, 0, 0)
    books.run_jobs(at("10-31 12:01"))
    assert balances_of(books) == (0, 10_00, 0)


def test_an_open_dispute_holds_the_whole_commission_until_it_is_decided(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.dispute("S1", "opened", 30_00, "10-20")
    books.run_jobs(at("11-20"))
    assert balances_of(books) == (10_00, 0, 0)
    books.dispute("S1", "lost", 30_00, "11-21")
    books.run_jobs(at("11-22"))
    assert balances_of(books) == (0, 7_00, 0)
    books.dispute("S1", "won", 30_00, "11-25")
    assert balances_of(books) == (0, 10_00, 0)
    assert books.faults() == []


def test_dispute_holds_a_released_unpaid_commission_again(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.run_jobs(at("11-01"))
    books.dispute("S1", "opened", 30_00, "11-05")
    assert balances_of(books) == (10_00, 0, 0)
    books.dispute("S1", "won", 30_00, "11-09")
    books.run_jobs(at("11-10"))
    assert balances_of(books) == (0, 10_00, 0)
    assert books.faults() == []


def test_two_disputes_hold_until_both_are_decided(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.dispute("S1", "opened", 30_00, "10-20")
    second = {"order_id": "S1", "dispute_id": "dp-2", "currency": "EUR", "amount": 20_00}
    for status, when in (("opened", "10-21"), ("won", "11-15")):
        more = {"status": status, "occurred_at": at(when).isoformat()}
        books.report("dispute.updated", second | more, f"dp-2-{status}", at(when))
        assert balances_of(books) == (10_00, 0, 0)
    books.dispute("S1", "won", 30_00, "11-16")
    books.run_jobs(at("11-17"))
    assert balances_of(books) == (0, 10_00, 0)


def test_review_hold_ends_when_the_brand_releases_it(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.decide(hold, "S1", "10-05", reason="under_review")
    books.run_jobs(at("11-20"))
    assert balances_of(books) == (10_00, 0, 0)
    books.decide(release, "S1", "11-21")
    books.run_jobs(at("11-22"))
    assert balances_of(books) == (0, 10_00, 0)
    with pytest.raises(NotFound):
        books.decide(release, "S1", "11-23")


def test_brand_can_hold_a_released_commission_again(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    for hold_on, release_on in (("10-05", "10-06"), ("10-07", "10-08")):
        books.decide(hold, "S1", hold_on, reason="under_review")
        assert len(holds(books, "S1")) == 1
        books.decide(release, "S1", release_on)
        assert holds(books, "S1") == []
    books.decide(hold, "S1", "10-09", reason="under_review")
    books.run_jobs(at("11-20"))
    assert balances_of(books) == (10_00, 0, 0)


def test_brand_cannot_lift_a_dispute_hold(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.dispute("S1", "opened", 30_00, "10-20")
    with pytest.raises(NotFound):
        books.decide(release, "S1", "10-21")
    assert holds(books, "S1") == ["payment dispute dp-S1 is open"]


def test_commission_worth_zero_cannot_be_held(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.refund("S1", 100_00, "10-02")
    with pytest.raises(Conflict, match="worth nothing"):
        books.decide(hold, "S1", "10-03", reason="under_review")


def test_declined_commission_stays_zero_after_later_events(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.dispute("S1", "lost", 50_00, "10-10")
    books.decide(decline, "S1", "10-11", reason="breach")
    books.dispute("S1", "won", 50_00, "10-12")
    books.refund("S1", 10_00, "10-13")
    books.run_jobs(at("11-20"))
    assert (amount(books, "S1"), balances_of(books)) == (0, ZERO_BALANCES)
    with pytest.raises(Conflict, match="declined before"):
        books.decide(decline, "S1", "11-21", reason="breach")
    assert books.faults() == []


def test_commission_on_profit_is_held_for_review_when_the_cost_is_missing(books: Books) -> None:
    program_id = add_program(books, rate_bp=5000, base="profit")
    link_id = add_link(books, "profit", program_id)
    books.sale("S1", 100_00, "10-01", click=books.click(link_id, "10-01"))
    books.sale("S2", 100_00, "10-01", click=books.click(link_id, "10-01"), cost=80_00)
    assert (holds(books, "S1"), holds(books, "S2")) == (
        ["the program pays on profit, but the shop did not send the cost"],
        [],
    )
    books.run_jobs(at("11-20"))
    assert balances_of(books) == (50_00, 10_00, 0)
    books.decide(release, "S1", "11-21")
    books.run_jobs(at("11-22"))
    assert balances_of(books) == (0, 60_00, 0)


def test_zero_commission_is_released_without_postings(books: Books) -> None:
    books.sale("S1", 4, "10-01")
    books.refund("S1", 4, "10-02")
    books.run_jobs(at("11-20"))
    commission = books.commission("S1")
    assert (commission.amount_minor, commission.matured_at) == (0, at("11-20"))
    assert (balances_of(books), books.faults()) == (ZERO_BALANCES, [])
