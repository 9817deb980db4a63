"""Whatever fault a call has, each creator is paid once in the end, and never twice."""

from payouts.settlement.models import Payout
from tests.cast.books import Books, add_creator
from tests.cast.months import (
    OCTOBER,
    add_booking,
    attempts_of,
    later,
    only_payout,
    payouts_of,
    seal,
    sent_keys,
    transfers_in,
)
from tests.payouts.transfers.runs.provider import assert_paid_once

# The fault of the first call, and the payout's state after it. A 401, 403 or 429 means that nothing was done.
FIRST_TRY = {
    "drop_before": "unknown",
    "cut_before": "unknown",
    "html_before": "unknown",
    "hang_before": "unknown",
    "500_before": "unknown",
    "503_before": "unknown",
    "424_before": "unknown",
    "409_before": "unknown",
    "429_before": "failed",
    "lock_timeout_before": "failed",
    "401_before": "failed",
    "403_before": "failed",
    "drop_after": "unknown",
    "cut_after": "unknown",
    "html_after": "unknown",
    "hang_after": "unknown",
    "500_after": "unknown",
    "503_after": "unknown",
    "424_after": "unknown",
    "409_after": "unknown",
}


def test_after_any_fault_every_creator_is_paid_once(books: Books) -> None:
    for number in range(len(FIRST_TRY)):
        add_booking(add_creator(books, f"creator{number}"), 60_00 + number, "10-20")
    seal(books, OCTOBER)
    for kind in FIRST_TRY:
        books.sandbox.control.queue_fault(kind, seconds=0.6)
    report = books.run(OCTOBER.payday, timeout_s=0.3).pay(books.brand_id)
    assert not report.paid
    by_fault = payouts_by_fault(books)
    assert {kind: payout.state for kind, payout in by_fault.items()} == FIRST_TRY
    assert all(payout.reason for payout in by_fault.values())

    # Unknown attempts are resolved; failed payouts are prepared again by the next run.
    books.run(later(OCTOBER.payday, minutes=10)).resolve_open_attempts()
    books.run(later(OCTOBER.payday, minutes=20)).resolve_open_attempts()
    books.run(later(OCTOBER.payday, minutes=40)).pay(books.brand_id)

    assert {each.state for each in payouts_of(books)} == {"paid"}
    assert len(transfers_in(books.sandbox)) == len(FIRST_TRY)
    assert_paid_once(books)
    keys = {kind: len(attempts_of(books, payout.id)) for kind, payout in by_fault.items()}
    assert keys == {kind: 2 if first == "failed" else 1 for kind, first in FIRST_TRY.items()}


def payouts_by_fault(books: Books) -> dict[str, Payout]:
    payouts = {each.id: each for each in payouts_of(books)}
    return {
        request["fault"]: payouts[request["parameters"]["transfer_group"]]
        for request in books.sandbox.control.requests()
        if request["fault"]
    }


def test_after_a_stored_500_the_transfer_is_only_looked_up_and_found(sealed: Books) -> None:
    sealed.sandbox.control.queue_fault("500_after", sticky=True)
    sealed.run(OCTOBER.payday).pay(sealed.brand_id)
    # The 500 is replayed.
    assert sealed.run(later(OCTOBER.payday, minutes=10)).resolve_open_attempts().unknown
    assert attempts_of(sealed, only_payout(sealed).id)[0].look_up_only
    sent = len(sent_keys(sealed.sandbox))
    assert sealed.run(later(OCTOBER.payday, minutes=20)).resolve_open_attempts().paid
    assert len(sent_keys(sealed.sandbox)) == sent
    assert_paid_once(sealed)


def test_a_stored_500_before_the_work_stays_unknown_and_is_never_sent_again(sealed: Books) -> None:
    sealed.sandbox.control.queue_fault("500_before", sticky=True)
    sealed.run(OCTOBER.payday).pay(sealed.brand_id)
    sealed.run(later(OCTOBER.payday, minutes=10)).resolve_open_attempts()
    sent = len(sent_keys(sealed.sandbox))
    for hours in (1, 5, 23, 30):
        assert sealed.run(later(OCTOBER.payday, hours=hours)).resolve_open_attempts().unknown
        sealed.run(later(OCTOBER.payday, hours=hours)).pay(sealed.brand_id)
    assert (len(sent_keys(sealed.sandbox)), transfers_in(sealed.sandbox)) == (sent, [])
    payout = only_payout(sealed)
    assert payout.state == "unknown"
    assert "--nothing-was-sent" in (attempts_of(sealed, payout.id)[0].message or "")
