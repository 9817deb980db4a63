"""Whatever happens to a call, each creator is paid once in the end, and never twice."""

from payouts.settlement.models import Payout
from tests.payouts.cast import Books
from tests.payouts.transfers.runs.scenes import (
    OCTOBER,
    add_booking,
    add_creator,
    assert_paid_once,
    attempts_of,
    later,
    only_payout,
    payouts_of,
    run_at,
    seal,
    sent_keys,
    transfers_in,
)

# What befalls the first call, and what the payout is after it. A 401, 403 or 429 says that nothing was done.
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
    report = run_at(books, OCTOBER.payday, timeout_s=0.3).pay(books.brand_id)
    assert not report.paid
    struck = payouts_by_fault(books)
    assert {kind: payout.state for kind, payout in struck.items()} == FIRST_TRY
    assert all(payout.reason for payout in struck.values())

    # A lost answer is asked for again; what failed is prepared anew by the next run.
    run_at(books, later(OCTOBER.payday, minutes=10)).resolve_open_attempts()
    run_at(books, later(OCTOBER.payday, minutes=20)).resolve_open_attempts()
    run_at(books, later(OCTOBER.payday, minutes=40)).pay(books.brand_id)

    assert {each.state for each in payouts_of(books)} == {"paid"}
    assert len(transfers_in(books.sandbox)) == len(FIRST_TRY)
    assert_paid_once(books)
    keys = {kind: len(attempts_of(books, payout.id)) for kind, payout in struck.items()}
    assert keys == {kind: 2 if first == "failed" else 1 for kind, first in FIRST_TRY.items()}


def payouts_by_fault(books: Books) -> dict[str, Payout]:
    payouts = {each.id: each for each in payouts_of(books)}
    return {
        request["fault"]: payouts[request["parameters"]["transfer_group"]]
        for request in books.sandbox.control.requests()
        if request["fault"]
    }


def test_a_stored_500_is_looked_up_only_and_found_when_the_work_was_done(sealed: Books) -> None:
    sealed.sandbox.control.queue_fault("500_after", sticky=True)
    run_at(sealed, OCTOBER.payday).pay(sealed.brand_id)
    assert (
        run_at(sealed, later(OCTOBER.payday, minutes=10)).resolve_open_attempts().unknown
    )  # the 500 is replayed
    assert attempts_of(sealed, only_payout(sealed).id)[0].look_up_only
    asked = len(sent_keys(sealed.sandbox))
    assert run_at(sealed, later(OCTOBER.payday, minutes=20)).resolve_open_attempts().paid
    assert len(sent_keys(sealed.sandbox)) == asked
    assert_paid_once(sealed)


def test_a_stored_500_before_the_work_stays_unknown_and_is_never_sent_again(sealed: Books) -> None:
    sealed.sandbox.control.queue_fault("500_before", sticky=True)
    run_at(sealed, OCTOBER.payday).pay(sealed.brand_id)
    run_at(sealed, later(OCTOBER.payday, minutes=10)).resolve_open_attempts()
    asked = len(sent_keys(sealed.sandbox))
    for hours in (1, 5, 23, 30):
        assert run_at(sealed, later(OCTOBER.payday, hours=hours)).resolve_open_attempts().unknown
        run_at(sealed, later(OCTOBER.payday, hours=hours)).pay(sealed.brand_id)
    assert (len(sent_keys(sealed.sandbox)), transfers_in(sealed.sandbox)) == (asked, [])
    payout = only_payout(sealed)
    assert payout.state == "unknown"
    assert "--nothing-was-sent" in (attempts_of(sealed, payout.id)[0].message or "")
