"""A freeze: no payout is sent until the books have been compared with the rail."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from payouts.ledger.checks import Finding
from payouts.settlement.models import Freeze
from tracker.errors import Fault
from tracker.ids import new_id

COMPARISON_MARGIN = timedelta(days=1)
"""What was under way at the moment that is compared from is looked at too."""


def place_freeze(session: Session, now: datetime, *, reason: str, compare_from: datetime) -> str:
    """Stop payouts. `compare_from` is the time from which the rail may know more than the books. Its id."""
    freeze_id = new_id("frz", now)
    session.add(Freeze(id=freeze_id, reason=reason, compare_from=compare_from, placed_at=now, lifted_at=None))
    session.flush()
    return freeze_id


def is_frozen(session: Session) -> bool:
    return any(active_freezes(session))


def require_not_frozen(session: Session) -> None:
    """Call it in the transaction that decides to send something. Raises Fault."""
    for freeze in active_freezes(session):
        raise Fault(f"{freeze.message}. Nothing was sent.")


def active_freezes(session: Session) -> Iterator[Finding]:
    """As findings of the self-check, which payouts wait for."""
    rows = session.scalars(select(Freeze).where(Freeze.lifted_at.is_(None)).order_by(Freeze.id))
    for freeze in rows:
        message = f"Payouts are frozen: {freeze.reason}. To compare, run: linkledger payout reconcile"
        yield Finding("freeze", freeze.id, message)


def compare_from(session: Session, fallback: datetime) -> datetime:
    """How far back a comparison has to look so that it answers every freeze."""
    earliest = session.scalar(select(func.min(Freeze.compare_from)).where(Freeze.lifted_at.is_(None)))
    return min(fallback, earliest - COMPARISON_MARGIN) if earliest else fallback


def lift_freezes(session: Session, now: datetime, freezes: Sequence[str]) -> int:
    """After a comparison that began when these stood, and that left nothing over. How many were lifted."""
    lifted = session.execute(
        update(Freeze)
        .where(Freeze.id.in_(freezes), Freeze.lifted_at.is_(None))
        .values(lifted_at=now)
        .returning(Freeze.id)
    )
    return len(lifted.all())
