"""How far a connection to a shop has come, from what arrived through it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, defer

from tracker.sales.event_texts import stored_reason
from tracker.sales.inbox.models import Event
from tracker.sales.integrations.kind import Kind
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.sources.models import Source


class Mark(StrEnum):
    """The steps of a connection, in their order."""

    CREATED = "created"
    SECRET = "secret"
    MESSAGE = "message"
    READ = "read"


@dataclass(frozen=True)
class Connection:
    """A source with what is known of it. `problem`: why its latest message was not applied, in words."""

    source: Source
    kind: Kind
    done: frozenset[Mark]
    last_at: datetime | None
    problem: str | None

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The steps of this kind of shop."""
        needless = set() if not self.kind.makes_secret and self.kind.has_hook else {Mark.SECRET}
        return tuple(mark for mark in Mark if mark not in needless)

    @property
    def is_complete(self) -> bool:
        return self.done.issuperset(self.marks)


def connection_of(session: Session, source: Source) -> Connection:
    """How far this source has come: each step is done by a row that its messages left."""
    kind = kind_of(source.kind)
    messages = select(Event).options(defer(Event.body, raiseload=True)).where(Event.source_id == source.id)
    last = session.scalars(messages.order_by(Event.received_at.desc()).limit(1)).one_or_none()
    applied = exists().where(Event.source_id == source.id, func.coalesce(Event.state, "") == "applied")
    facts = {
        Mark.CREATED: True,
        Mark.SECRET: source.former_secret_box is not None,
        Mark.MESSAGE: last is not None,
        Mark.READ: bool(session.scalar(select(applied))),
    }
    done = frozenset(mark for mark, is_done in facts.items() if is_done)
    return Connection(source, kind, done, last.received_at if last else None, _problem(last))


def _problem(last: Event | None) -> str | None:
    if last is None or last.state == "applied":
        return None
    words: str | None = stored_reason(last.reason, last.reason_code, last.reason_parameters)["reason"]
    return words
