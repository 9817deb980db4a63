"""A payout with an unknown outcome: it is sent again while that is safe, then only looked up."""

from datetime import timedelta
from functools import partial

import pytest

from payouts.transfers.sending.attempts import claim_open_attempt, record_outcome
from payouts.transfers.sending.idempotency import RESEND_WITHIN
from payouts.transfers.sending.run import PayoutRun
from payouts.transfers.stripe.outcome import ABSENT, Outcome
from tests.cast.books import Books, add_creator, at
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
    seal_october,
    seed_after,
    sent_keys,
    transfers_in,
)
from tests.harness.databases.snapshots import database_seed_for
from tests.harness.waiting import wait_until
from tests.payouts.transfers.runs.provider import SlowRail, assert_paid_once, at_terminal
from tracker.errors import Conflict, Fault


def seed_with_fault(books: Books, fault: str) -> Books:
    seal_october(books)
    books.sandbox.control.queue_fault(fault)
    assert books.run(OCTOBER.payday).pay(books.brand_id).unknown
    return books


LOST = seed_after(partial(seed_with_fault, fault="drop_after"))
NEVER_MADE = seed_after(partial(seed_with_fault, fault="drop_before"))


database_seed = database_seed_for(lost=LOST, never_made=NEVER_MADE, sealed=SEALED, books=DEFAULT_SEED)


@pytest.fixture
def lost(books: Books) -> Books:
    """The transfer was made, but the response was lost."""
    return books


@pytest.fixture
def never_made(books: Books) -> Books:
    """The call was lost before anything was done."""
    return books


def test_same_key_is_resent_within_23_hours(lost: Books) -> None:
    assert lost.run(later(OCTOBER.payday, hours=22, minutes=59)).resolve_open_attempts().paid
    assert len(set(sent_keys(lost.sandbox))) == 1
    assert_paid_once(lost)


def test_after_23_hours_the_transfer_is_looked_up(lost: Books) -> None:
    sent = sent_keys(lost.sandbox)
    assert lost.run(later(OCTOBER.payday, hours=23, minutes=1)).resolve_open_attempts().paid
    assert sent_keys(lost.sandbox) == sent
    assert_paid_once(lost)


def test_nothing_is_resent_after_the_key_has_expired(lost: Books) -> None:
    lost.sandbox.control.advance(25 * 3600)
    assert lost.run(later(OCTOBER.payday, hours=25)).resolve_open_attempts().paid
    assert len(sent_keys(lost.sandbox)) == 1
    assert_paid_once(lost)


def test_keys_are_resent_for_less_than_24_hours() -> None:
    assert timedelta(hours=24) > RESEND_WITHIN


def test_missing_transfer_is_resent_for_23_hours_then_only_looked_up(never_made: Books) -> None:
    never_made.sandbox.control.queue_fault("drop_before")
    assert never_made.run(later(OCTOBER.payday, hours=20)).resolve_open_attempts().unknown
    sent = len(sent_keys(never_made.sandbox))
    for hours in (24, 48, 24 * 20):
        assert never_made.run(later(OCTOBER.payday, hours=hours)).resolve_open_attempts().unknown
        assert not never_made.run(later(OCTOBER.payday, hours=hours)).pay(never_made.brand_id).paid
    assert (len(sent_keys(never_made.sandbox)), transfers_in(never_made.sandbox)) == (sent, [])


def test_payout_unknown_for_two_days_freezes_payouts(never_made: Books) -> None:
    never_made.sandbox.control.queue_fault("drop_before")
    never_made.run(later(OCTOBER.payday, hours=20)).resolve_open_attempts()
    assert never_made.faults(later(OCTOBER.payday, hours=47)) == []
    (fault,) = never_made.faults(later(OCTOBER.payday, hours=49))
    assert "it is still unknown whether it arrived" in fault
    assert "80.00 EUR" in fault


def test_an_unknown_payout_keeps_its_items_when_the_next_statement_is_sealed(lost: Books) -> None:
    add_booking(lost, 60_00, "11-20")
    lost.end("2026-11", NOVEMBER.closing)
    lost.approve("2026-11", NOVEMBER.approval)
    lost.run(NOVEMBER.payday).pay(lost.brand_id)
    assert [each.state for each in payouts_of(lost)] == ["unknown", "paid"]
    assert [each.amount_minor for each in payouts_of(lost)] == [80_00, 60_00]
    lost.run(later(NOVEMBER.payday, minutes=10)).resolve_open_attempts()
    assert_paid_once(lost)


def test_leased_attempt_is_not_claimed(lost: Books) -> None:
    attempt = attempts_of(lost, only_payout(lost).id)[0]
    now = at(later(OCTOBER.payday, minutes=10))
    assert lost.write(lambda s: claim_open_attempt(s, now, attempt.id)) is not None
    assert lost.write(lambda s: claim_open_attempt(s, now, attempt.id)) is None
    assert not lost.run(later(OCTOBER.payday, minutes=14)).resolve_open_attempts().paid
    assert lost.run(later(OCTOBER.payday, minutes=16)).resolve_open_attempts().paid


def test_later_refusal_does_not_resolve_an_unknown_attempt(lost: Books) -> None:
    for fault in ("401_before", "403_before", "429_before", "409_before"):
        lost.sandbox.control.queue_fault(fault)
    for minutes in (10, 20, 30, 40):
        assert lost.run(later(OCTOBER.payday, minutes=minutes)).resolve_open_attempts().unknown
    assert lost.run(later(OCTOBER.payday, minutes=50)).resolve_open_attempts().paid
    assert_paid_once(lost)


def test_failed_look_up_does_not_block_other_payouts(books: Books) -> None:
    add_booking(books, 80_00, "10-20")
    add_booking(add_creator(books, "bert"), 70_00, "10-20")
    seal(books, OCTOBER)
    books.sandbox.control.queue_fault("drop_after", times=2)
    books.run(OCTOBER.payday).pay(books.brand_id)
    books.sandbox.control.queue_fault("500_before", match="GET /v1/transfers", times=3)
    report = books.run(later(OCTOBER.payday, hours=30)).resolve_open_attempts()
    assert (len(report.unknown), len(report.paid)) == (1, 1)
    assert len(books.run(later(OCTOBER.payday, hours=31)).resolve_open_attempts().paid) == 1
    assert_paid_once(books)


def test_nothing_was_sent_resends_the_same_key_within_23_hours(
    never_made: Books,
) -> None:
    with at_terminal(never_made, later(OCTOBER.payday, hours=1)) as terminal:
        report = terminal.ask("payout", "retry", only_payout(never_made).id, "--nothing-was-sent")
    assert [each["state"] for each in report["paid"]] == ["paid"]
    assert len(set(sent_keys(never_made.sandbox))) == 1
    assert_paid_once(never_made)


def test_request_in_progress_at_the_provider_is_not_paid_twice(sealed: Books) -> None:
    sealed.sandbox.control.queue_fault("hang_before", seconds=20)
    (payout_id,) = sealed.run(OCTOBER.payday, timeout_s=0.3).pay(sealed.brand_id).unknown
    with pytest.raises(Conflict, match="same key is still being worked on"):
        sealed.run(later(OCTOBER.payday, minutes=1)).give_up(payout_id)
    sealed.sandbox.end_hangs()
    wait_until(lambda: sealed.sandbox.control.counts()["transfers"] == 1)
    sealed.run(later(OCTOBER.payday, minutes=2)).resolve_open_attempts()
    assert len(transfers_in(sealed.sandbox)) == 1
    assert_paid_once(sealed)


@pytest.mark.parametrize(("hours", "state"), [(23.5, "unknown"), (24.1, "failed")])
def test_absence_is_conclusive_only_after_24_hours(never_made: Books, hours: float, state: str) -> None:
    payout_id = only_payout(never_made).id
    run = never_made.run(later(OCTOBER.payday, hours=hours))
    if state == "unknown":
        with pytest.raises(Conflict, match="may still be in progress.*2026-11-10T12:0"):
            run.give_up(payout_id)
    else:
        assert run.give_up(payout_id)
    assert only_payout(never_made).state == state
    assert len(sent_keys(never_made.sandbox)) == 1


def test_look_up_only_attempt_can_be_given_up_one_hour_after_its_last_request(sealed: Books) -> None:
    sealed.sandbox.control.queue_fault("500_before", sticky=True)
    (payout_id,) = sealed.run(OCTOBER.payday).pay(sealed.brand_id).unknown
    sealed.run(later(OCTOBER.payday, minutes=10)).resolve_open_attempts()  # the 500 is replayed
    sealed.run(later(OCTOBER.payday, minutes=60)).resolve_open_attempts()  # a look-up, which sends nothing
    with pytest.raises(Conflict, match="stays unknown"):
        sealed.run(later(OCTOBER.payday, minutes=69)).give_up(payout_id)
    assert sealed.run(later(OCTOBER.payday, minutes=71)).give_up(payout_id)


def test_abandoned_attempt_is_paid_under_a_new_key(never_made: Books) -> None:
    with at_terminal(never_made, later(OCTOBER.payday, hours=30)) as terminal:
        terminal.ask("payout", "retry", only_payout(never_made).id, "--nothing-was-sent")
    assert len(set(sent_keys(never_made.sandbox))) == 2
    assert_paid_once(never_made)


@pytest.mark.parametrize("hours", [1, 30])
def test_an_existing_transfer_overrides_nothing_was_sent(lost: Books, hours: int) -> None:
    payout = only_payout(lost)
    with at_terminal(lost, later(OCTOBER.payday, hours=hours)) as terminal:
        report = terminal.ask("payout", "retry", payout.id, "--nothing-was-sent")
    assert [each["id"] for each in report["paid"]] == [payout.id]
    assert only_payout(lost).state == "paid"
    assert len(transfers_in(lost.sandbox)) == 1
    assert_paid_once(lost)


def test_nothing_was_sent_fails_while_the_provider_is_unreachable(lost: Books) -> None:
    lost.sandbox.control.queue_fault("500_before", match="GET /v1/transfers", times=3)
    with at_terminal(lost, later(OCTOBER.payday, hours=30)) as terminal:
        message = terminal.refused("payout", "retry", only_payout(lost).id, "--nothing-was-sent")
    assert "500" in message
    assert only_payout(lost).state == "unknown"


def test_only_open_unleased_attempts_can_be_given_up(lost: Books) -> None:
    payout_id = only_payout(lost).id
    now = at(later(OCTOBER.payday, hours=30))
    assert lost.write(lambda s: claim_open_attempt(s, now, attempts_of(lost, payout_id)[0].id))
    with pytest.raises(Conflict, match="being sent at this moment"):
        lost.run(later(OCTOBER.payday, hours=30)).give_up(payout_id)
    lost.run(later(OCTOBER.payday, hours=31)).resolve_open_attempts()
    with pytest.raises(Conflict, match="not open"):
        lost.run(later(OCTOBER.payday, hours=32)).give_up(payout_id)


def test_absence_seen_under_an_expired_claim_changes_nothing(
    never_made: Books,
) -> None:
    attempt_id = attempts_of(never_made, only_payout(never_made).id)[0].id
    first, second = (
        never_made.write(
            lambda s, h=hours: claim_open_attempt(s, at(later(OCTOBER.payday, hours=h)), attempt_id)
        )
        for hours in (30, 31)
    )
    absent = Outcome("unknown", code=ABSENT)
    now = at(later(OCTOBER.payday, hours=31))
    states = [
        never_made.write(lambda s, c=claim: record_outcome(s, now, c.attempt, absent, give_up=True))
        for claim in (first, second)
    ]
    assert states == ["unknown", "failed"]


def test_transfer_made_after_giving_up_freezes_payouts(sealed: Books) -> None:

    def give_up_after_a_day() -> None:
        assert sealed.run(later(OCTOBER.payday, hours=25)).give_up(only_payout(sealed).id)

    rail = SlowRail(sealed.sandbox.url, before_sending=give_up_after_a_day)
    stopped = PayoutRun(sealed.databases, rail, at(OCTOBER.payday))
    with pytest.raises(Fault, match="had been closed"):
        stopped.pay(sealed.brand_id)
    (transfer,) = transfers_in(sealed.sandbox)
    assert attempts_of(sealed, only_payout(sealed).id)[0].transfer_ref == transfer["id"]
    assert any(transfer["id"] in fault and "frozen" in fault for fault in sealed.faults("11-10 00:00"))
    with at_terminal(sealed, later(OCTOBER.payday, hours=26)) as terminal:
        assert "frozen" in terminal.run("payout", "run", "--brand", sealed.brand_id).output
        terminal.ask("payout", "adopt", transfer["id"], "--brand", sealed.brand_id)
        terminal.ask("payout", "reconcile")
        terminal.ask("payout", "run", "--brand", sealed.brand_id)
    assert (len(transfers_in(sealed.sandbox)), sealed.balance().total_minor) == (1, 0)
    assert sealed.faults(later(OCTOBER.payday, hours=27)) == []
