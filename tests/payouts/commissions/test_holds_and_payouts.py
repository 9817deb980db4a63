"""Holds of a commission that is in a payout, was in one, or came back from one."""

import pytest

from config.database import read_session
from payouts.commissions.holds.reapplying import brands_to_hold_again
from payouts.commissions.release import release_due
from payouts.settlement.returns import record_return
from payouts.statements.decisions.commissions import hold, release
from tests.cast.books import FUNDS_MINOR, Books, at
from tests.cast.months import DECEMBER, DEFAULT_SEED, Month, seal, seed_after
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.commissions.order_state import ZERO_BALANCES, balances_of, holds
from tracker.errors import Conflict


def approve_october(books: Books) -> None:
    books.sale("S1", 1000_00, "10-01")
    books.end("2026-10", "11-01 00:05")
    books.approve("2026-10", "11-08")


APPROVED = seed_after(approve_october)


database_seed = database_seed_for(approved=APPROVED, books=DEFAULT_SEED)


@pytest.fixture
def approved(books: Books) -> Books:
    """A commission of 100 EUR, authorised by the statement of October."""
    return books


def test_dispute_after_payment_is_netted_when_lost(approved: Books) -> None:
    assert approved.pay("11-09").paid
    approved.dispute("S1", "opened", 1000_00, "11-12")
    assert balances_of(approved) == ZERO_BALANCES
    approved.dispute("S1", "lost", 1000_00, "11-20")
    assert balances_of(approved) == (0, -100_00, 0)
    assert approved.faults() == []


def test_a_paid_commission_cannot_be_held_and_the_error_names_the_payout(approved: Books) -> None:
    (payout_id,) = approved.pay("11-09").paid
    with pytest.raises(Conflict, match=f"was paid by {payout_id}: nothing of it can be held"):
        approved.decide(hold, "S1", "11-10", reason="under_review")
    assert holds(approved, "S1") == []


def test_paid_commission_can_be_held_after_its_transfer_was_reversed(approved: Books) -> None:
    (payout_id,) = approved.pay("11-09").paid
    approved.write(
        lambda s: record_return(s, at("11-12"), payout_id=payout_id, reversal_ref="r", amount_minor=100_00)
    )
    approved.decide(hold, "S1", "11-13", reason="under_review")
    assert len(holds(approved, "S1")) == 1


def test_a_dispute_after_a_review_hold_was_netted_away_in_a_payout_holds_again(books: Books) -> None:
    """The payout settled the release and the hold of S1 together, so it paid nothing of S1."""
    books.sale("S1", 1000_00, "10-01")
    books.sale("S2", 2000_00, "10-01")
    books.end("2026-10", "11-01 00:05")
    books.decide(hold, "S1", "11-05", reason="under_review")
    books.approve("2026-10", "11-08")
    assert books.pay("11-09").paid
    assert balances_of(books) == (100_00, 0, 0)
    books.decide(release, "S1", "11-15")
    books.run_jobs(at("11-15 13:00"))
    assert balances_of(books) == (0, 100_00, 0)
    books.dispute("S1", "opened", 1000_00, "11-20")
    assert balances_of(books) == (100_00, 0, 0)
    assert books.faults() == []


def test_a_dispute_during_a_payout_that_fails_holds_the_commission(
    approved: Books,
) -> None:
    approved.sandbox.control.queue_fault("drop_before")
    (payout_id,) = approved.run("11-09").pay(approved.brand_id, early=True).unknown
    approved.dispute("S1", "opened", 1000_00, "11-10")
    assert balances_of(approved) == (0, 0, 100_00)
    assert approved.run("11-11").give_up(payout_id)
    approved.run_jobs(at("11-11"))
    assert not approved.pay("11-11").paid
    assert balances_of(approved) == (100_00, 0, 0)
    approved.dispute("S1", "won", 1000_00, "11-12")
    approved.end("2026-11", "12-01 00:05")
    approved.approve("2026-11", "12-08")
    assert approved.pay("12-09").paid
    assert (balances_of(approved), approved.faults()) == (ZERO_BALANCES, [])


def reverse_transfer(books: Books, payout_id: str, amount: int, when: str) -> None:
    books.write(
        lambda s: record_return(
            s, at(when), payout_id=payout_id, reversal_ref=f"trr-{when}", amount_minor=amount
        )
    )


@pytest.mark.parametrize("first", ["the dispute", "the return"])
def test_reversed_amount_is_held_by_a_dispute(approved: Books, first: str) -> None:
    (payout_id,) = approved.pay("11-09").paid
    if first == "the dispute":
        approved.dispute("S1", "opened", 1000_00, "11-11")
    reverse_transfer(approved, payout_id, 100_00, "11-12")
    if first == "the return":
        approved.dispute("S1", "opened", 1000_00, "11-13")
    approved.end("2026-11", "12-01 00:05")
    approved.approve("2026-11", "12-08")
    assert not approved.pay("12-09").paid
    assert balances_of(approved) == (100_00, 0, 0)
    approved.dispute("S1", "won", 1000_00, "12-10")
    approved.end("2026-12", "2027-01-01T00:05:00")
    approved.approve("2026-12", "2027-01-08T12:00:00")
    assert approved.pay("2027-01-09T12:00:00").paid
    assert (balances_of(approved), approved.faults()) == (ZERO_BALANCES, [])


def test_every_held_commission_of_a_returned_payout_is_held_again_in_batches_of_one(books: Books) -> None:
    """What one of them left of the returned money must not keep the job from the others."""
    for order in ("S1", "S2", "S3"):
        books.sale(order, 1000_00, "10-01")
    books.end("2026-10", "11-01 00:05")
    books.approve("2026-10", "11-08")
    (payout_id,) = books.pay("11-09").paid
    for order in ("S1", "S2"):
        books.dispute(order, "opened", 1000_00, "11-11")
    reverse_transfer(books, payout_id, 300_00, "11-12")
    with read_session(books.databases.main) as session:
        assert brands_to_hold_again(session) == [books.brand_id]
    while books.write(lambda s: release_due(s, at("11-13"), 1, brand_id=books.brand_id)):
        pass
    assert (balances_of(books), books.faults()) == ((200_00, 100_00, 0), [])
    with read_session(books.databases.main) as session:
        assert brands_to_hold_again(session) == []


def test_partly_reversed_amount_waits_for_the_dispute(approved: Books) -> None:
    (payout_id,) = approved.pay("11-09").paid
    reverse_transfer(approved, payout_id, 60_00, "11-12")
    approved.dispute("S1", "opened", 1000_00, "11-13")
    approved.end("2026-11", "12-01 00:05")
    approved.approve("2026-11", "12-08")
    assert not approved.pay("12-09").paid
    assert (balances_of(approved), approved.faults()) == ((60_00, 0, 0), [])
    approved.dispute("S1", "won", 1000_00, "12-10")
    assert (balances_of(approved), approved.faults()) == ((0, 60_00, 0), [])
    approved.end("2026-12", "2027-01-01T00:05:00")
    approved.approve("2026-12", "2027-01-08T12:00:00")
    assert approved.pay("2027-01-09T12:00:00").paid
    assert (balances_of(approved), approved.faults()) == (ZERO_BALANCES, [])


def test_a_reinstated_part_of_a_paid_commission_waits_until_a_new_dispute_is_decided(books: Books) -> None:
    books.sale("S1", 10_000_00, "10-01")
    books.end("2026-10", "11-01 00:05")
    books.approve("2026-10", "11-08")
    assert books.pay("11-09").paid
    books.dispute("S1", "lost", 4_000_00, "11-10")
    books.sale("S2", 20_000_00, "10-20")
    books.run_jobs(at("11-20"))
    books.end("2026-11", "12-01 00:05")
    books.approve("2026-11", "12-08")
    assert books.pay("12-09").paid
    assert balances_of(books) == ZERO_BALANCES
    books.dispute("S1", "won", 4_000_00, "12-10")
    second = {"order_id": "S1", "dispute_id": "dp-2", "currency": "EUR", "amount": 10_000_00}
    for status, when, month in (("opened", "2026-12-12", DECEMBER), ("won", "2027-01-10", Month("2027-01"))):
        decided_at = f"{when}T12:00:00"
        more = {"status": status, "occurred_at": at(decided_at).isoformat()}
        books.report("dispute.updated", second | more, f"dp-2-{status}", at(decided_at))
        seal(books, month)
        assert bool(books.pay(month.payday).paid) == (status == "won")
        assert balances_of(books) == (400_00 if status == "opened" else 0, 0, 0)
    assert books.faults() == []


def test_a_dispute_while_a_payout_waits_for_funds_holds_the_commission(books: Books) -> None:
    books.sale("S1", 1000_00, "10-01")
    books.sale("S2", 2000_00, "10-01")
    books.end("2026-10", "11-01 00:05")
    books.approve("2026-10", "11-08")
    books.sandbox.control.top_up("EUR", -FUNDS_MINOR)
    assert books.run("11-09").pay(books.brand_id, early=True).waiting
    books.dispute("S1", "opened", 1000_00, "11-10")
    books.sandbox.control.top_up("EUR", FUNDS_MINOR)
    assert books.pay("11-11").paid
    assert balances_of(books) == (100_00, 0, 0)
    assert books.faults() == []
