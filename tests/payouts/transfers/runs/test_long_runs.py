"""A run takes minutes: what happens meanwhile counts, and its leases and keys are as old as they are."""

from collections.abc import Callable

import pytest

from payouts.transfers.sending.run import Run, ticking
from tests.payouts.cast import FUNDS_MINOR, Books, at
from tests.payouts.transfers.runs.scenes import (
    OCTOBER,
    RailWithPauses,
    add_creator,
    assert_paid_once,
    later,
    owe,
    payouts_of,
    run_at,
    seal,
    sell_and_release,
    sent_keys,
    the_payout,
    transfers_in,
    wait_until,
)

NOON = OCTOBER.payday


def test_time_goes_by_while_a_run_works() -> None:
    moment = ticking(at(NOON))
    first = moment()
    assert first >= at(NOON)
    wait_until(lambda: moment() > first)


def test_what_is_sent_late_in_a_run_is_leased_from_then_on(sealed: Books) -> None:
    others: list[str] = []

    def somebody_looks() -> None:
        report = run_at(sealed, later(OCTOBER.payday, minutes=7)).settle_open()
        others.extend([*report.paid, *report.unknown, *report.failed])

    rail = RailWithPauses(sealed.sandbox.url, before_sending=somebody_looks)
    six_minutes_on = at(later(OCTOBER.payday, minutes=6))
    run = Run(sealed.databases, rail, at(OCTOBER.payday), moment=lambda: six_minutes_on)
    assert run.pay(sealed.brand_id).paid
    assert others == []
    assert len(sent_keys(sealed.sandbox)) == 1
    assert_paid_once(sealed)


def test_a_key_that_grows_too_old_during_a_run_is_only_looked_up(sealed: Books) -> None:
    sealed.sandbox.control.queue_fault("drop_after")
    run_at(sealed, OCTOBER.payday).pay(sealed.brand_id)
    rail = RailWithPauses(sealed.sandbox.url)
    in_the_end = at(later(OCTOBER.payday, hours=23, minutes=5))
    started = at(later(OCTOBER.payday, hours=22, minutes=55))
    assert Run(sealed.databases, rail, started, moment=lambda: in_the_end).settle_open().paid
    assert len(sent_keys(sealed.sandbox)) == 1
    assert_paid_once(sealed)


def run_with_a_pause(books: Books, meanwhile: Callable[[], object]) -> Run:
    """Between preparing and sending, where a run with many payouts spends minutes."""
    rail = RailWithPauses(books.sandbox.url, before_the_balance=meanwhile)
    return Run(books.databases, rail, at(OCTOBER.payday))


def test_a_dispute_after_preparing_keeps_the_payout_of_the_same_run_from_being_sent(books: Books) -> None:
    sell_and_release(books, "1001", 100_00)
    seal(books, OCTOBER)
    dispute = run_with_a_pause(books, lambda: books.dispute("1001", "opened", 1000_00, NOON))
    assert not dispute.pay(books.brand_id).paid
    assert (the_payout(books).state, transfers_in(books.sandbox)) == ("cancelled", [])
    assert (books.balance().pending_minor, books.balance().payable_minor) == (100_00, 0)
    assert_paid_once(books)


@pytest.mark.parametrize("entered", [True, False])
def test_a_refund_after_preparing_lowers_what_the_same_run_sends(books: Books, entered: bool) -> None:
    sell_and_release(books, "1001", 100_00)
    seal(books, OCTOBER)
    run = run_with_a_pause(books, lambda: books.refund("1001", 400_00, NOON, entered=entered))
    assert run.pay(books.brand_id).paid
    assert [(each.state, each.amount_minor) for each in payouts_of(books)] == [("paid", 60_00)]
    assert_paid_once(books)


def test_what_was_not_sent_after_all_is_there_for_the_next_payout(books: Books) -> None:
    bert = add_creator(books, "bert")
    books.sandbox.control.top_up("EUR", 110_00 - FUNDS_MINOR)
    sell_and_release(books, "1001", 100_00)
    owe(bert, 50_00, "10-20")
    seal(books, OCTOBER)
    run = run_with_a_pause(books, lambda: books.refund("1001", 400_00, NOON))
    assert len(run.pay(books.brand_id).paid) == 2
    assert sorted(each.amount_minor for each in payouts_of(books)) == [50_00, 60_00]
