"""Freezes: while one is in place, no payout is sent. A comparison of the books with the rail lifts it."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from config.insert import insert_once
from payouts.ledger.checks import Finding
from payouts.settlement.models import Freeze
from payouts.settlement.reasons import FREEZE_TEXTS
from tracker.errors import Fault
from tracker.ids import new_id
from tracker.mail.causes import Cause, note
from tracker.mail.kinds import MailKind
from tracker.reasons import Reason

COMPARISON_MARGIN = timedelta(days=1)
"""A comparison starts this much earlier, to include what was in flight at that time."""


def place_freeze(
    session: Session,
    now: datetime,
    *,
    reason: Reason,
    compare_from: datetime,
    columns: Collection[str] | None = None,
) -> str:
    """Stop payouts and return the id of the freeze.

    `compare_from` is the time since which the rail may know of transfers that the books do not have.
    `columns` are those of the table, if its schema may be older than this version. Operators, owners and
    finance members are told, unless it is given.
    """
    freeze_id = new_id("frz", now)
    values = {
        "id": freeze_id,
        **FREEZE_TEXTS.columns(reason),
        "compare_from": compare_from,
        "placed_at": now,
        "lifted_at": None,
    }
    known = values if columns is None else {name: values[name] for name in values if name in columns}
    insert_once(session, Freeze, **known)
    if columns is None:  # who restores a backup knows it, and its schema may have no table of causes
        note(session, now, Cause(MailKind.PAYOUTS_FROZEN, None, freeze_id, None, now))
    return freeze_id


def is_frozen(session: Session) -> bool:
    return any(active_freezes(session))


def require_not_frozen(session: Session) -> None:
    """Raises Fault when payouts are frozen. Call it in the transaction that decides to send something."""
    for freeze in active_freezes(session):
        raise Fault(f"{freeze.message}. Nothing was sent.")


def active_freezes(session: Session) -> Iterator[Finding]:
    """The freezes in place, as findings of the self-check: payouts wait until there are none."""
    rows = session.scalars(select(Freeze).where(Freeze.lifted_at.is_(None)).order_by(Freeze.id))
    for freeze in rows:
        why = FREEZE_TEXTS.shown(freeze.reason, freeze.reason_code, freeze.reason_parameters)
        message = f"Payouts are frozen: {why}. To compare, run: linkledger payout reconcile"
        yield Finding("freeze", freeze.id, message)


def compare_from(session: Session, latest: datetime) -> datetime:
    """The time from which a comparison covers every freeze in place; `latest`, if that is earlier."""
    earliest = session.scalar(select(func.min(Freeze.compare_from)).where(Freeze.lifted_at.is_(None)))
    return min(latest, earliest - COMPARISON_MARGIN) if earliest else latest


def lift_freezes(session: Session, now: datetime, freezes: Sequence[str]) -> Sequence[str]:
    """Lift these freezes after a comparison that began with them in place and left nothing unexplained.

    Returns the ids of those that were lifted.
    """
    lifted = session.execute(
        update(Freeze)
        .where(Freeze.id.in_(freezes), Freeze.lifted_at.is_(None))
        .values(lifted_at=now)
        .returning(Freeze.id)
    )
    return lifted.scalars().all()
