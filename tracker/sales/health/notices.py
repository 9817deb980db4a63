"""Notices about shops that are silent and messages that wait: their causes, once for each silence or pile."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tracker.mail.causes import Cause, note_all
from tracker.mail.kinds import MailKind
from tracker.mail.models import MailCause
from tracker.sales.health.statistics import silence_of
from tracker.sales.inbox.models import UNAPPLIED, Event
from tracker.sales.sources.models import Source

WAITS_FOR = timedelta(hours=1)
"""A message that waits for an earlier one is applied when that comes: only older ones are told."""

AT_MOST_EVERY = timedelta(days=1)


def causes_about_shops(session: Session, now: datetime) -> list[Cause]:
    """What owners and managers have to be told of their shops. It only reads."""
    return [*_silences(session, now), *_piles(session, now)]


def note_about_shops(session: Session, now: datetime, causes: Sequence[Cause]) -> None:
    note_all(session, now, causes)


def _silences(session: Session, now: datetime) -> list[Cause]:
    """A silence is named by the last message before it, so that each is told once."""
    found = []
    for source in session.scalars(select(Source).where(Source.deleted_at.is_(None)).order_by(Source.id)):
        silence = silence_of(session, now, source)
        if silence is not None and silence.is_alarm and (last_id := _last_event(session, source)) is not None:
            found.append(Cause(MailKind.SHOP_SILENT, source.brand_id, last_id, None, now))
    return found


def _last_event(session: Session, source: Source) -> str | None:
    last = select(Event.id).where(Event.source_id == source.id)
    return session.scalar(last.order_by(Event.received_at.desc(), Event.id.desc()).limit(1))


def _piles(session: Session, now: datetime) -> list[Cause]:
    """A pile of a brand is named by its oldest message. Within a day a brand is told of one."""
    told = select(MailCause.brand_id).where(
        MailCause.kind == MailKind.MESSAGES_PARKED.value, MailCause.noted_at > now - AT_MOST_EVERY
    )
    oldest = (
        select(Source.brand_id, func.min(Event.id))
        .join(Source, Source.id == Event.source_id)
        .where(Event.state.in_(UNAPPLIED), Event.received_at <= now - WAITS_FOR, Source.deleted_at.is_(None))
        .where(Source.brand_id.not_in(told))
        .group_by(Source.brand_id)
        .order_by(Source.brand_id)
    )
    return [
        Cause(MailKind.MESSAGES_PARKED, brand_id, event_id, None, now)
        for brand_id, event_id in session.execute(oldest)
    ]


def waiting_by_source(session: Session, brand_id: str) -> list[tuple[str, int]]:
    """The names of a brand's sources with messages that wait, and how many."""
    query = (
        select(Source.id, Source.kind, func.count())
        .join(Event, Event.source_id == Source.id)
        .where(Source.brand_id == brand_id, Event.state.in_(UNAPPLIED))
        .group_by(Source.id, Source.kind)
        .order_by(Source.id)
    )
    return [(f"{kind} {source_id}", count) for source_id, kind, count in session.execute(query)]
