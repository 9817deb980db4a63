"""Passes the lines of a file to the inbox and returns their outcomes. Never commits."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tracker.errors import Conflict
from tracker.sales.booking.book import WAITING_PREFIX
from tracker.sales.booking.delivery import ALREADY_PREFIX
from tracker.sales.imports.columns import Line
from tracker.sales.imports.outcomes import Outcome, State
from tracker.sales.inbox.apply_or_park import ReceiveResult, receive
from tracker.sales.inbox.models import UNAPPLIED, Event
from tracker.sales.sources.operations import get_source


def find_received(session: Session, source_id: str, lines: Sequence[Line]) -> dict[str, ReceiveResult]:
    """The stored results of those lines that were imported before, by external id."""
    rows = session.execute(
        select(Event.external_id, Event.id, Event.state, Event.reason).where(
            Event.source_id == source_id, Event.external_id.in_([line.external_id for line in lines])
        )
    )
    return {
        external_id: ReceiveResult(event_id, state, reason, duplicate=True)
        for external_id, event_id, state, reason in rows
    }


def book_lines(
    session: Session, now: datetime, source_id: str, lines: Sequence[Line], keys: Sequence[str]
) -> list[Outcome]:
    """Apply the lines; returns one outcome for each. Raises Conflict when the source was deleted.

    Lines are applied in the order of their order ids, so that concurrent imports lock orders in the same
    sequence.
    """
    source = get_source(session, source_id)
    if source.deleted_at is not None:
        raise Conflict(f"Source {source_id} was deleted; import into another source.")
    outcomes = []
    for line in sorted(lines, key=lambda line: line.report.order_id):
        received = receive(session, now, source, line.external_id, line.body, keys=keys)
        outcomes.append(_outcome(line.number, received))
    return outcomes


def count_waiting_since(session: Session, source_id: str, since: datetime) -> int:
    """How many lines that were received at or after `since` still wait for their order."""
    query = select(func.count()).where(
        Event.source_id == source_id,
        Event.state == "parked",
        Event.received_at >= since,
        Event.reason.startswith(WAITING_PREFIX),
    )
    return session.scalars(query).one()


def _outcome(number: int, received: ReceiveResult) -> Outcome:
    if received.duplicate:
        return duplicate_outcome(number, received)
    reason = received.reason or ""
    if received.state == "applied":
        return Outcome(
            number,
            "known" if reason.startswith(ALREADY_PREFIX) else "new",
            received.reason,
            received.event_id,
        )
    state: State = "waiting" if reason.startswith(WAITING_PREFIX) else "conflict"
    return Outcome(number, state, received.reason, received.event_id)


def duplicate_outcome(number: int, received: ReceiveResult) -> Outcome:
    """The outcome of a line that was stored before: conflict while a person must decide, else known.

    A line that waits for its order is known.
    """
    is_waiting = (received.reason or "").startswith(WAITING_PREFIX)
    state: State = "conflict" if received.state in UNAPPLIED and not is_waiting else "known"
    return Outcome(number, state, received.reason, received.event_id)
