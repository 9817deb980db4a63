"""Empties old message bodies, because they contain names and addresses of shoppers.

An emptied event keeps its ids, the hash of its body and its reports in normal form, which contain neither
names nor addresses. So the same message is still recognised as a duplicate when it is sent again in another
formatting.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from config.canonical import ISO_FORMAT
from tracker.errors import Invalid
from tracker.sales.inbox.models import UNAPPLIED, Event
from tracker.sales.inbox.pending import PendingEvent, parse_event
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.reports.order_parts import Part
from tracker.sales.sources.models import Source


@dataclass(frozen=True)
class OldBody:
    """An event whose body is to be emptied, and its reports in normal form."""

    event_id: str
    normal: list[Any] | None


def normal_form(pending: PendingEvent, received_at: datetime) -> list[Any] | None:
    """The reports of a message received at that time, as JSON; None when the message is invalid."""
    if pending.message is None:
        return None
    try:
        reports = kind_of(pending.source.kind).translate(pending.message, received_at)
    except Invalid:
        return None
    return [[type(report).__name__, _stored(report)] for report in reports]


def is_same_as_emptied(event: Event, pending: PendingEvent) -> bool:
    """Whether an emptied event has the same reports as this one."""
    return event.normal is not None and _has_same_content(
        _without_words(event.normal), normal_form(pending, event.received_at)
    )


def old_bodies(session: Session, before: datetime, limit: int) -> list[OldBody]:
    """Up to `limit` applied or dismissed events, received before `before`, that have a body; oldest first."""
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
    """Empty these bodies; returns how many. The state is checked again; final states never change back."""
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


def _has_same_content(stored: Any, current: Any) -> bool:
    """Whether a message gives the stored reports; fields that were added since are ignored."""
    if isinstance(stored, dict) and isinstance(current, dict):
        return all(_has_same_content(value, current.get(name)) for name, value in stored.items())
    if isinstance(stored, list) and isinstance(current, list):
        return len(stored) == len(current) and all(map(_has_same_content, stored, current))
    return bool(stored == current)


def _without_words(normal: list[Any]) -> list[Any]:
    """Without the words by which older versions stored why a message has no effect: they were improved."""
    return [
        [kind, {name: value for name, value in report.items() if (kind, name) != ("NoEffect", "reason")}]
        for kind, report in normal
    ]


def _stored(value: Any) -> Any:
    """The value as it is after a round trip through JSON; of lines only the fields that were given."""
    if isinstance(value, datetime):
        return value.strftime(ISO_FORMAT)
    if isinstance(value, Part):
        return value.as_json()
    if is_dataclass(value):
        return {field.name: _stored(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, list | tuple):
        return [_stored(entry) for entry in value]
    return value
