"""Retention of message bodies, because they contain names and addresses of shoppers.

What an emptied event keeps is its ids, the hash of its body, and what followed from it in the normal form,
which holds neither. So the same message, sent again in whatever bytes, is still known for the same.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from config.canonical import ISO_FORMAT
from tracker.errors import Invalid
from tracker.sales.inbox.models import UNAPPLIED, Event
from tracker.sales.inbox.pending import PendingEvent, parse_event
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.sources.models import Source


@dataclass(frozen=True)
class OldBody:
    """An event whose body is to be emptied, and what followed from it."""

    event_id: str
    normal: list[Any] | None


def normal_form(pending: PendingEvent, received_at: datetime) -> list[Any] | None:
    """What follows from a message that was received then, as JSON; None when it makes no sense."""
    if pending.message is None:
        return None
    try:
        reports = kind_of(pending.source.kind).translate(pending.message, received_at)
    except Invalid:
        return None
    return [[type(report).__name__, _plain(asdict(report))] for report in reports]


def is_same_as_emptied(event: Event, pending: PendingEvent) -> bool:
    """Whether an event without its body said the same as this one."""
    return event.normal is not None and _has_same_reports(
        event.normal, normal_form(pending, event.received_at)
    )


def old_bodies(session: Session, before: datetime, limit: int) -> list[OldBody]:
    """Up to `limit` events that were received before then, are settled, and have their body still."""
    rows = session.execute(
        select(Event.id, Event.received_at, Event.body, Event.topic, Source)
        .join(Source, Source.id == Event.source_id)
        .where(Event.emptied_at.is_(None), Event.received_at < before, Event.state.not_in(UNAPPLIED))
        .order_by(Event.received_at)
        .limit(limit)
    )
    return [
        OldBody(event_id, normal_form(parse_event(event_id, received_at, source, body, topic), received_at))
        for event_id, received_at, body, topic, source in rows
    ]


def empty_bodies(session: Session, now: datetime, old: Sequence[OldBody]) -> int:
    """How many were emptied by this; a settled event stays settled, so what was read of it still holds."""
    emptied = 0
    for each in old:
        result = session.execute(
            update(Event)
            .where(Event.id == each.event_id, Event.emptied_at.is_(None), Event.state.not_in(UNAPPLIED))
            .values(body=b"", normal=each.normal, emptied_at=now)
            .execution_options(synchronize_session=False)
        )
        assert isinstance(result, CursorResult)
        emptied += result.rowcount
    return emptied


def _has_same_reports(then: list[Any], now: list[Any] | None) -> bool:
    """Whether what follows from a message is what followed then; fields that came in since say nothing."""
    if now is None or len(now) != len(then):
        return False
    return all(
        kind == was and {name: report.get(name) for name in said} == said
        for (kind, report), (was, said) in zip(now, then, strict=True)
    )


def _plain(value: Any) -> Any:
    """As it comes back from JSON."""
    if isinstance(value, datetime):
        return value.strftime(ISO_FORMAT)
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
