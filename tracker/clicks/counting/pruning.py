"""Deletes clicks after their retention. Their hourly totals remain and are never recomputed."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from tracker.clicks.models import Click, ClickConfirmation, ClickDoubt, ClickHour, ClickVisitor
from tracker.ids import uuid_lower_bound

BATCH_ROWS = 2_000


def close_hour(session: Session, hour: datetime) -> None:
    """Its totals no longer change, even when some of its clicks are missing."""
    session.execute(update(ClickHour).where(ClickHour.hour == hour).values(closed=True))


def delete_clicks(session: Session, before: datetime) -> int:
    """Delete a batch of the oldest clicks. Returns how many; 0 at the end."""
    batch = select(Click.id).where(Click.id < uuid_lower_bound(before)).order_by(Click.id).limit(BATCH_ROWS)
    return _deleted(session, delete(Click).where(Click.id.in_(batch.scalar_subquery())))


def delete_doubts(session: Session, before: datetime) -> int:
    old = select(ClickDoubt.click_id).where(ClickDoubt.click_id < uuid_lower_bound(before)).limit(BATCH_ROWS)
    return _deleted(session, delete(ClickDoubt).where(ClickDoubt.click_id.in_(old.scalar_subquery())))


def delete_confirmations(session: Session, before: datetime) -> int:
    key = ClickConfirmation.click_id
    old = select(key).where(key < uuid_lower_bound(before)).limit(BATCH_ROWS)
    return _deleted(session, delete(ClickConfirmation).where(key.in_(old.scalar_subquery())))


def delete_visitors(session: Session, before: datetime) -> int:
    """Delete visitor hashes of whole days before that time."""
    old = select(ClickVisitor.visitor).where(ClickVisitor.day < before.date().isoformat()).limit(BATCH_ROWS)
    return _deleted(session, delete(ClickVisitor).where(ClickVisitor.visitor.in_(old.scalar_subquery())))


def _deleted(session: Session, statement: Any) -> int:
    statement = statement.execution_options(synchronize_session=False)
    return cast(CursorResult[Any], session.execute(statement)).rowcount
