"""The entries of the audit as pages and the command show them, newest first, with their personal parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from tracker.audit.actions import Action
from tracker.audit.models import AuditEntry, AuditPersonal

PAGE_ROWS = 50


@dataclass(frozen=True)
class AuditFilter:
    """Which entries are shown; None is no limit. `brand_id` shows the entries of that brand only.

    `actor` is the id of a user or key, the name of a job, or a kind of actor, such as "cli".
    """

    brand_id: str | None = None
    since: datetime | None = None
    actor: str | None = None
    action: Action | None = None
    subject_id: str | None = None


@dataclass(frozen=True)
class ShownEntry:
    """An entry with its personal parts; they are None where there are none, or where they were erased."""

    entry: AuditEntry
    personal: Mapping[str, Any] | None

    @property
    def was_erased(self) -> bool:
        return self.entry.personal_hash is not None and self.personal is None


@dataclass(frozen=True)
class AuditPage:
    """`following` is the id to go on after; None on the last page."""

    entries: Sequence[ShownEntry]
    following: str | None


def list_entries(
    session: Session, wanted: AuditFilter, *, after: str | None = None, limit: int = PAGE_ROWS
) -> AuditPage:
    """A page of entries, newest first; `after` is the id of the last entry of the page before."""
    query = (
        select(AuditEntry, AuditPersonal.content)
        .outerjoin(AuditPersonal, AuditPersonal.entry_id == AuditEntry.id)
        .where(*_conditions(wanted))
        .order_by(AuditEntry.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(AuditEntry.id < after)
    rows = [ShownEntry(entry, personal) for entry, personal in session.execute(query)]
    shown = rows[:limit]
    return AuditPage(shown, shown[-1].entry.id if len(rows) > limit else None)


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.brand_id is not None:
        found.append(AuditEntry.chain_id == wanted.brand_id)
    if wanted.since is not None:
        found.append(AuditEntry.at >= wanted.since)
    if wanted.actor is not None:
        found.append((AuditEntry.actor_id == wanted.actor) | (AuditEntry.actor_kind == wanted.actor))
    if wanted.action is not None:
        found.append(AuditEntry.action == wanted.action.value)
    if wanted.subject_id is not None:
        found.append(AuditEntry.subject_id == wanted.subject_id)
    return found
