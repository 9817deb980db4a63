"""Causes of messages: operations note them with their rows, and a job composes the messages later.

Until then an undo recalls them, and many lines of one run become one message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from config.among import among
from config.insert import insert_missing
from tracker.ids import new_id
from tracker.mail.kinds import MailKind
from tracker.mail.models import MailCause

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNDO_WINDOW = timedelta(minutes=10)
"""How long a message about a decision waits: undoing it within that time recalls the message."""


def due_together(now: datetime) -> datetime:
    """When causes that a run notes are composed: after UNDO_WINDOW, those of ten minutes at the same time.

    A run takes many transactions. So what it changes for one person becomes one message.
    """
    slot = UNDO_WINDOW
    return now + slot + (EPOCH - now) % slot


@dataclass(frozen=True)
class Cause:
    """`subject_id` is the row that the message is about: a message for each kind and subject, once.

    `creator_id`: whom it concerns, where it is about a creator. `not_before`: when it is composed.
    """

    kind: MailKind
    brand_id: str | None
    subject_id: str
    creator_id: str | None
    not_before: datetime


def note(session: Session, now: datetime, cause: Cause) -> None:
    """Note one cause. A cause that was noted before stays as it is."""
    note_all(session, now, [cause])


def note_all(session: Session, now: datetime, causes: Sequence[Cause]) -> None:
    """The same for many, in one statement."""
    rows: list[dict[str, Any]] = [
        {"id": new_id("mca", now), **vars(each), "kind": each.kind.value, "noted_at": now} for each in causes
    ]
    insert_missing(session, MailCause, rows)


@cache
def next_cause() -> Select[datetime]:
    """When a cause next has to be composed. By the index of causes that are not composed."""
    return select(func.min(MailCause.not_before)).where(MailCause.composed_at.is_(None))


def recall(session: Session, kind: MailKind, subject_id: str) -> bool:
    """Forget a cause that is not composed yet. Returns whether there was one."""
    return recall_all(session, kind, [subject_id]) == 1


def recall_all(session: Session, kind: MailKind, subject_ids: Sequence[str]) -> int:
    """The same for many, in one statement. Returns how many there were."""
    forgotten = session.execute(
        delete(MailCause)
        .where(MailCause.kind == kind.value, among(MailCause.subject_id, "ids"))
        .where(MailCause.composed_at.is_(None))
        .returning(MailCause.id)
        .execution_options(synchronize_session=False),
        {"ids": list(subject_ids)},
    )
    return len(forgotten.all())
