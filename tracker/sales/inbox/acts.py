"""What a person does with messages that wait: dismissing and replaying them, as the audit records it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.chain import INSTALLATION
from tracker.audit.operations import record
from tracker.sales.inbox.apply_or_park import ReceiveResult, dismiss, replay
from tracker.sales.inbox.models import Event
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import get_source


def dismiss_by_person(session: Session, now: datetime, event_id: str, *, reason: str, actor: Actor) -> None:
    """As `dismiss`, which says what it raises."""
    dismiss(session, event_id, reason=reason)
    whose = about(Subject.EVENT, event_id, _brand_of(session, event_id))
    record(session, now, actor, Action.EVENT_DISMISS, **whose, personal={"reason": reason.strip()})


def replay_by_person(
    session: Session, now: datetime, event_id: str, *, keys: Sequence[str], actor: Actor
) -> ReceiveResult:
    """As `replay`, which says what it raises."""
    received = replay(session, now, event_id, keys=keys)
    whose = about(Subject.EVENT, event_id, _brand_of(session, event_id))
    record(session, now, actor, Action.EVENT_REPLAY, **whose, after={"state": received.state})
    return received


def note_replay_of_all(
    session: Session, now: datetime, source_id: str | None, events: int, *, actor: Actor
) -> None:
    """Record that so many events, of one source or of all, are going to be replayed: one entry for all."""
    if source_id is None:
        whose = about(Subject.INSTALLATION, INSTALLATION)
    else:
        whose = about(Subject.SOURCE, source_id, get_source(session, source_id).brand_id)
    record(session, now, actor, Action.EVENT_REPLAY_ALL, **whose, after={"events": events})


def _brand_of(session: Session, event_id: str) -> str:
    of_event = select(Source.brand_id).join(Event, Event.source_id == Source.id).where(Event.id == event_id)
    return session.scalars(of_event).one()
