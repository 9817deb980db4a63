"""A run takes minutes: reports that arrive meanwhile count, and leases and keys age during the run."""

from collections.abc import Callable

import pytest

from payouts.transfers.sending.run import PayoutRun, running_clock
from tests.cast.books import FUNDS_MINOR, Books, add_creator, at
from tests.cast.months import (
    OCTOBER,
    add_booking,
    later,
    only_payout,
    payouts_of,
    seal,
    sell_and_release,
    sent_keys,
    transfers_in,
)
from tests.harness.waiting import wait_until
from tests.payouts.transfers.runs.provider import SlowRail, assert_paid_once

NOON = OCTOBER.payday


def test_run_clock_advances() -> None:
    clock = running_clock(at(NOON))
    first = clock()
    assert first >= at(NOON)
    wait_until(lambda: clock() > first)


def test_lease_starts_when_the_payout_is_sent(sealed: Books) -> None:
    resolved_by_other: list[str] = []

    def start_other_run() -> None:
        report = sealed.run(later(OCTOBER.payday, minutes=7)).resolve_open_attempts()
        resolved_by_other.extend([*report.paid, *report.unknown, *report.failed])

    rail = SlowRail(sealed.sandbox.url, before_sending=start_other_run)
    six_minutes_later = at(later(OCTOBER.payday, minutes=6))
    run = PayoutRun(sealed.databases, rail, at(OCTOBER.payday), clock=lambda: six_minutes_later)
    assert run.pay(sealed.brand_id).paid
    assert resolved_by_other == []
    assert len(sent_keys(sealed.sandbox)) == 1
    assert_paid_once(sealed)


def test_key_that_expires_during_a_run_is_only_looked_up(sealed: Books) -> None:
    sealed.sandbox.control.queue_fault("drop_after")
    sealed.run(OCTOBER.payday).pay(sealed.brand_id)
    rail = SlowRail(sealed.sandbox.url)
    resolved_at = at(later(OCTOBER.payday, hours=23, minutes=5))
    started_at = at(later(OCTOBER.payday, hours=22, minutes=55))
    run = PayoutRun(sealed.databases, rail, started_at, clock=lambda: resolved_at)
    assert run.resolve_open_attempts().paid
    assert len(sent_keys(sealed.sandbox)) == 1
    assert_paid_once(sealed)


def run_with_a_pause(books: Books, meanwhile: Callable[[], object]) -> PayoutRun:
    """A run that calls `meanwhile` between preparing and sending; a large run needs minutes there."""
    rail = SlowRail(books.sandbox.url, before_balance=meanwhile)
    return PayoutRun(books.databases, rail, at(OCTOBER.payday))


def test_a_payout_that_is_disputed_after_preparing_is_not_sent_by_the_same_run(books: Books) -> None:
    sell_and_release(books, "1001", 100_00)
    seal(books, OCTOBER)
    run = run_with_a_pause(books, lambda: books.dispute("1001", "opened", 1000_00, NOON))
    assert not run.pay(books.brand_id).paid
    assert (only_payout(books).state, transfers_in(books.sandbox)) == ("cancelled", [])
    assert (books.balance().pending_minor, books.balance().payable_minor) == (100_00, 0)
    assert_paid_once(books)


@pytest.mark.parametrize("with_jobs", [True, False])
def test_a_refund_after_preparing_lowers_the_amount_of_the_same_run(books: Books, with_jobs: bool) -> None:
    sell_and_release(books, "1001", 100_00)
    seal(books, OCTOBER)
    run = run_with_a_pause(books, lambda: books.refund("1001", 400_00, NOON, with_jobs=with_jobs))
    assert run.pay(books.brand_id).paid
    assert [(each.state, each.amount_minor) for each in payouts_of(books)] == [("paid", 60_00)]
    assert_paid_once(books)


def test_unused_balance_is_available_for_the_next_payout(books: Books) -> None:
    bert = add_creator(books, "bert")
    books.sandbox.control.top_up("EUR", 110_00 - FUNDS_MINOR)
    sell_and_release(books, "1001", 100_00)
    add_booking(bert, 50_00, "10-20")
    seal(books, OCTOBER)
    run = run_with_a_pause(books, lambda: books.refund("1001", 400_00, NOON))
    assert len(run.pay(books.brand_id).paid) == 2
    assert sorted(each.amount_minor for each in payouts_of(books)) == [50_00, 60_00]
