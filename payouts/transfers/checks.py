"""Checks: each payout is the sum of its items, stands in the books once, and none hangs."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payouts.ledger.balances import subject_balance
from payouts.ledger.checks import Finding
from payouts.transfers.models import Attempt, Item, Payout, TransferReversal
from payouts.transfers.states import OPEN
from tracker.money import Money

STUCK_AFTER = timedelta(hours=48)
"""An attempt is asked about every few minutes; one that is open for so long needs a person."""


def payout_faults(session: Session) -> Iterator[Finding]:
    """Amount + carried = items; in transit exactly while open; funding exactly once when paid."""
    for payout in session.execute(select(Payout).order_by(Payout.id)).scalars():
        items = int(
            session.scalar(
                select(func.coalesce(func.sum(Item.amount_minor), 0)).where(
                    Item.payout_id == payout.id, Item.round == payout.round
                )
            )
            or 0
        )
        if items != payout.amount_minor + payout.carried_minor:
            yield _finding(payout, f"is {payout.amount_minor}, but its items make {items}")
        yield from _book_faults(session, payout)


def _book_faults(session: Session, payout: Payout) -> Iterator[Finding]:
    in_transit = subject_balance(session, payout.id, "in_transit")
    expected = payout.amount_minor if payout.state in OPEN else 0
    if in_transit != expected:
        yield _finding(payout, f"is {payout.state}, but {in_transit} of it stand in transit")
    returned = int(
        session.scalar(
            select(func.coalesce(func.sum(TransferReversal.amount_minor), 0)).where(
                TransferReversal.payout_id == payout.id
            )
        )
        or 0
    )
    paid = payout.amount_minor - returned if payout.state in ("paid", "returned") else 0
    if (funded := subject_balance(session, payout.id, "funding")) != paid:
        yield _finding(payout, f"is {payout.state}, but {funded} of it left the funds")
    if payout.state in ("paid", "returned") and not payout.transfer_ref:
        yield _finding(payout, "is paid, but no transfer is named")


def stuck_payouts(session: Session, now: datetime) -> Iterator[Finding]:
    """Attempts whose outcome has been open for two days."""
    rows = session.execute(
        select(Payout)
        .join(Attempt, Attempt.payout_id == Payout.id)
        .where(Attempt.state.in_(("sending", "unknown")), Attempt.first_sent_at < now - STUCK_AFTER)
        .order_by(Payout.id)
    ).scalars()
    for payout in rows:
        amount = Money(payout.amount_minor, payout.currency)
        yield _finding(payout, f"of {amount} was sent, but nobody knows whether it arrived")


def _finding(payout: Payout, what: str) -> Finding:
    return Finding("payouts", payout.id, f"{payout.id} {what}.")
