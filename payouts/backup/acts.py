"""What is done to the whole installation, as the audit records it: a backup, a restore, an upgrade."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.chain import INSTALLATION
from tracker.audit.operations import record
from tracker.people.accounts.models import Brand


def note_backup(session: Session, now: datetime, rows: int, *, actor: Actor) -> None:
    """Record that the installation was saved; the saved file does not have this entry."""
    whose = about(Subject.INSTALLATION, INSTALLATION)
    record(session, now, actor, Action.BACKUP_CREATE, **whose, after={"rows": rows})


def note_restore(session: Session, now: datetime, made_at: datetime, *, actor: Actor) -> None:
    """Record that a backup, which was made at that time, was restored."""
    whose = about(Subject.INSTALLATION, INSTALLATION)
    record(session, now, actor, Action.BACKUP_RESTORE, **whose, after={"made_at": made_at})


def note_upgrade(
    session: Session,
    now: datetime,
    before: Mapping[str, str | None],
    after: Mapping[str, str | None],
    *,
    actor: Actor,
) -> None:
    """Record that the schema changed; revisions by name of the set of tables.

    Without a brand nothing is recorded: a backup can be restored into an empty database only.
    """
    if before != after and session.scalar(select(exists().select_from(Brand))):
        whose = about(Subject.INSTALLATION, INSTALLATION)
        record(session, now, actor, Action.SCHEMA_MIGRATE, **whose, before=before, after=after)
