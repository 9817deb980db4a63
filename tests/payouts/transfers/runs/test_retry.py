"""After a definite failure the amounts are payable again; the next try selects them again, with a new key."""

import pytest

from tests.cast.books import Books, at
from tests.cast.months import (
    DEFAULT_SEED,
    NOVEMBER,
    OCTOBER,
    SEALED,
    add_booking,
    attempts_of,
    later,
    only_payout,
    payouts_of,
    seal,
    seed_after,
    sell_and_release,
    sent_keys,
    transfers_in,
)
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.transfers.runs.provider import assert_paid_once, at_terminal


def earn_in_october(books: Books) -> None:
    sell_and_release(books, "1001", 100_00)
    seal(books, OCTOBER)


def fail_october(books: Books) -> None:
    earn_in_october(books)
    books.sandbox.control.queue_fault("403_before")
    assert books.run(OCTOBER.payday).pay(books.brand_id).failed


EARNED, FAILED = seed_after(earn_in_october), seed_after(fail_october)


database_seed = database_seed_for(failed=FAILED, earned=EARNED, sealed=SEALED, books=DEFAULT_SEED)


@pytest.fixture
def earned(books: Books) -> Books:
    """A commission of 100 EUR, authorised by the statement of October."""
    return books


@pytest.fixture
def failed(books: Books) -> Books:
    """A commission of 100 EUR whose transfer the provider refused."""
    return books


def test_a_failed_amount_is_payable_again(failed: Books) -> None:
    assert (failed.balance().payable_minor, failed.balance().in_transit_minor) == (100_00, 0)
    assert only_payout(failed).reason
    assert_paid_once(failed)


def test_a_retry_has_a_new_key_and_the_next_attempt_number(failed: Books) -> None:
    failed.run(later(OCTOBER.payday, hours=1)).pay(failed.brand_id)
    first, second = attempts_of(failed, only_payout(failed).id)
    assert (first.number, first.state, second.number, second.state) == (1, "failed", 2, "paid")
    assert sent_keys(failed.sandbox) == [first.idempotency_key, second.idempotency_key]
    assert second.parameters["metadata"]["attempt"] == "2"
    assert_paid_once(failed)


def test_a_refund_between_failure_and_retry_lowers_the_amount(failed: Books) -> None:
    failed.refund("1001", 400_00, "11-09 13:00")
    failed.run(later(OCTOBER.payday, hours=2)).pay(failed.brand_id)
    assert only_payout(failed).amount_minor == 60_00
    assert failed.balance().payable_minor == 0
    assert_paid_once(failed)


def test_a_full_refund_between_failure_and_retry_leaves_nothing_to_pay(failed: Books) -> None:
    failed.refund("1001", 1000_00, "11-09 13:00")
    for hours in (2, 3):
        assert not failed.run(later(OCTOBER.payday, hours=hours)).pay(failed.brand_id).paid
    assert (only_payout(failed).state, transfers_in(failed.sandbox)) == ("failed", [])
    assert_paid_once(failed)


def test_the_next_statement_cancels_a_failed_payout_and_pays_its_amount(failed: Books) -> None:
    add_booking(failed, 5_00, "11-20")
    failed.end("2026-11", NOVEMBER.closing)
    failed.approve("2026-11", NOVEMBER.approval)
    assert only_payout(failed).state == "cancelled"
    assert "2026-11" in (only_payout(failed).reason or "")
    failed.run(NOVEMBER.payday).pay(failed.brand_id)
    assert [(each.state, each.amount_minor) for each in payouts_of(failed)] == [
        ("cancelled", 100_00),
        ("paid", 105_00),
    ]
    assert_paid_once(failed)


def test_the_next_statement_takes_over_a_payout_that_was_prepared_and_never_sent(sealed: Books) -> None:
    sealed.sandbox.control.top_up("EUR", -10_000_000)
    sealed.run(OCTOBER.payday).pay(sealed.brand_id)
    assert only_payout(sealed).state == "prepared"
    add_booking(sealed, 7_00, "11-20")
    sealed.end("2026-11", NOVEMBER.closing)
    sealed.approve("2026-11", NOVEMBER.approval)
    sealed.sandbox.control.top_up("EUR", 100_00)
    sealed.run(NOVEMBER.payday).pay(sealed.brand_id)
    assert [(each.state, each.amount_minor) for each in payouts_of(sealed)] == [
        ("cancelled", 80_00),
        ("paid", 87_00),
    ]
    assert_paid_once(sealed)


def test_a_person_can_retry_a_payout(failed: Books) -> None:
    with at_terminal(failed, later(OCTOBER.payday, hours=1)) as terminal:
        report = terminal.ask("payout", "retry", only_payout(failed).id)
    assert [each["state"] for each in report["paid"]] == ["paid"]
    assert_paid_once(failed)


def test_a_manual_retry_does_not_pay_a_sale_that_was_disputed_during_the_attempt(
    earned: Books,
) -> None:
    earned.sandbox.control.queue_fault("drop_before")
    (payout_id,) = earned.run(OCTOBER.payday).pay(earned.brand_id).unknown
    earned.dispute("1001", "opened", 1000_00, later(OCTOBER.payday, hours=1))
    assert earned.run(later(OCTOBER.payday, hours=25)).give_up(payout_id)
    with at_terminal(earned, later(OCTOBER.payday, hours=26)) as terminal:
        assert "cannot be retried now" in terminal.run("payout", "retry", payout_id).output
    assert (earned.balance().pending_minor, earned.balance().payable_minor) == (100_00, 0)
    assert_paid_once(earned)


@pytest.mark.parametrize("way", ["retry", "run"])
def test_a_refund_that_no_job_has_booked_yet_is_booked_before_the_payout(failed: Books, way: str) -> None:
    failed.refund("1001", 1000_00, "11-09 13:00", with_jobs=False)
    with at_terminal(failed, later(OCTOBER.payday, hours=2)) as terminal:
        if way == "retry":
            assert "cannot be retried now" in terminal.run("payout", "retry", only_payout(failed).id).output
        else:
            assert not terminal.ask("payout", "run", "--brand", failed.brand_id)["paid"]
    assert failed.balance().payable_minor == 0
    assert_paid_once(failed)


@pytest.mark.parametrize("state", ["paid", "cancelled"])
def test_final_payout_cannot_be_retried(failed: Books, state: str) -> None:
    payout_id = only_payout(failed).id
    with at_terminal(failed, later(OCTOBER.payday, hours=1)) as terminal:
        if state == "paid":
            terminal.ask("payout", "retry", payout_id)
        else:
            terminal.ask("payout", "cancel", payout_id, "--reason", "the creator asked for it")
        assert f"{payout_id} is {state}" in terminal.refused("payout", "retry", payout_id)


def test_a_cancelled_payout_is_not_previewed_or_paid_before_the_next_statement(failed: Books) -> None:
    with at_terminal(failed, later(OCTOBER.payday, hours=1)) as terminal:
        terminal.ask("payout", "cancel", only_payout(failed).id, "--reason", "the creator asked for it")
        assert terminal.ask("payout", "preview", "--brand", failed.brand_id) == []
    assert not failed.run(later(OCTOBER.payday, hours=3)).pay(failed.brand_id).paid
    assert failed.balance().payable_minor == 100_00
    assert failed.faults(later(OCTOBER.payday, hours=3)) == []


def test_a_refund_while_a_payout_waits_for_money_lowers_it_before_it_is_sent(earned: Books) -> None:
    earned.sandbox.control.top_up("EUR", -10_000_000)
    waiting = earned.run(OCTOBER.payday).pay(earned.brand_id).waiting
    assert list(waiting) == [only_payout(earned).id]
    earned.refund("1001", 400_00, "11-12")
    earned.sandbox.control.top_up("EUR", 100_00)
    assert earned.run("11-13").pay(earned.brand_id).paid
    assert (only_payout(earned).amount_minor, earned.balance().payable_minor) == (60_00, 0)
    assert_paid_once(earned)


def test_a_full_refund_while_a_payout_waits_for_money_cancels_it(earned: Books) -> None:
    earned.sandbox.control.top_up("EUR", -10_000_000)
    earned.run(OCTOBER.payday).pay(earned.brand_id)
    earned.refund("1001", 1000_00, "11-12")
    earned.sandbox.control.top_up("EUR", 100_00)
    assert not earned.run("11-13").pay(earned.brand_id).paid
    assert transfers_in(earned.sandbox) == []
    assert (earned.balance().payable_minor, earned.balance().in_transit_minor) == (0, 0)
    assert earned.faults(at("11-14").isoformat()) == []


def test_refused_payout_is_retried_three_times_then_needs_a_person(
    failed: Books,
) -> None:
    failed.sandbox.control.queue_fault("403_before", times=100)
    for hours in (*range(4), 20, 24, 26, 30, 44, 48, 52, 60, 72, 96, 119):
        report = failed.run(later(OCTOBER.payday, hours=hours)).pay(failed.brand_id)
    assert len(sent_keys(failed.sandbox)) == 4
    assert "payout retry" in report.skipped[failed.creator_id]
    failed.sandbox.control.clear_faults()
    with at_terminal(failed, later(OCTOBER.payday, days=6)) as terminal:
        retried = terminal.ask("payout", "retry", only_payout(failed).id)
    assert [each["state"] for each in retried["paid"]] == ["paid"]
    assert_paid_once(failed)


def test_manual_run_ignores_the_retry_delay(failed: Books) -> None:
    soon = later(OCTOBER.payday, minutes=5)
    skipped = failed.run(soon).pay(failed.brand_id).skipped
    assert "retried after 2026-11-09T12:3" in skipped[failed.creator_id]
    with at_terminal(failed, soon) as terminal:
        assert terminal.ask("payout", "run", "--brand", failed.brand_id)["paid"]
    assert_paid_once(failed)
