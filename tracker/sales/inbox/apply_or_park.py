"""The inbox: stores every authentic message unchanged, and applies it once or parks it with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, Row, select, update
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.errors import Conflict, Invalid, LinkledgerError, NotFound, NotNow
from tracker.reasons import Reason
from tracker.sales.booking.supporting_claims import waive_claims
from tracker.sales.event_reasons import EventReason
from tracker.sales.event_texts import TEXTS, dismissed, stored_reason
from tracker.sales.inbox.book_message import book_message, delivery_of
from tracker.sales.inbox.models import UNAPPLIED, Event
from tracker.sales.inbox.parked import find_parked_events, store_event_names
from tracker.sales.inbox.pending import (
    Arrival,
    PendingEvent,
    assigned_to_order,
    find_and_lock_order,
    internal_error_reason,
    new_arrival,
    parse_event,
    reason_of,
)
from tracker.sales.inbox.retention import is_same_as_emptied
from tracker.sales.orders.references import store_references
from tracker.sales.reports.provider_reports import AnyReport
from tracker.sales.sources.models import Source


@dataclass(frozen=True)
class ReceiveResult:
    """The result of receiving a message. `state` is that of its event, `duplicate`: it was received before.

    `reason` is in words; the code and the parameters are None without one, and for events older than codes.
    `error`: the exception that parked it, for synchronous responses.
    """

    event_id: str
    state: str
    reason: str | None
    duplicate: bool = False
    error: LinkledgerError | None = field(default=None, compare=False, repr=False)
    reason_code: str | None = field(default=None, compare=False)
    reason_parameters: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)


def receive(
    session: Session,
    now: datetime,
    source: Source,
    external_id: str,
    body: bytes,
    *,
    keys: Sequence[str],
    topic: str | None = None,
) -> ReceiveResult:
    """Store a verified message and apply it. `external_id` is the shop's own id of the message.

    `topic` is the type of the message, for shops that send it outside the body.

    A message with the same id and content is a duplicate and changes nothing. With other content it is stored
    in the state `conflict` and not applied. Never raises because of the content of the message.
    """
    return receive_arrival(session, new_arrival(now, source, external_id, body, topic), keys)


def receive_arrival(session: Session, arrival: Arrival, keys: Sequence[str]) -> ReceiveResult:
    """Like `receive`, for a message that was parsed before the transaction began."""
    if not insert_once(session, Event, **arrival.row("received", None)):
        return _receive_duplicate(session, arrival)
    pending = find_and_lock_order(session, arrival.pending)
    return apply_locked(session, pending.received_at, pending, keys)


def replay(session: Session, now: datetime, event_id: str, *, keys: Sequence[str]) -> ReceiveResult:
    """Apply an event again that is parked or in conflict; any other is not changed. Raises NotFound.

    An event in conflict only shares its id with another message; unique keys still book its reports once.
    """
    pending = _with_locked_order(session, event_id)
    stored = session.execute(select(*RESULT_COLUMNS).where(Event.id == event_id)).one()
    if stored.state not in UNAPPLIED:
        return stored_result(stored)
    return apply_locked(session, now, pending, keys)


def dismiss(session: Session, event_id: str, *, reason: str) -> None:
    """Dismiss an event permanently: it stays stored and no longer holds the commission of its order.

    Raises NotFound, Invalid without a reason, and Conflict when it is neither parked nor in conflict.
    """
    if not reason.strip():
        raise Invalid("Give a reason for the dismissal; it is stored with the event.")
    pending = _with_locked_order(session, event_id)
    event = update(Event).where(Event.id == event_id).execution_options(synchronize_session=False)
    former = session.execute(
        event.where(Event.state.in_(UNAPPLIED))
        .values(state="dismissed")
        .returning(Event.reason, Event.reason_code, Event.reason_parameters)
    ).one_or_none()
    if former is None:
        raise Conflict(f"{event_id} is neither parked nor in conflict: only those can be dismissed.")
    dismissal = dismissed(reason.strip(), former.reason, former.reason_code, former.reason_parameters)
    session.execute(event.values(TEXTS.columns(dismissal)))
    if pending.source.supports_id is not None and pending.found_order_id is not None:
        delivery = delivery_of(pending.received_at, pending, ())
        waive_claims(session, delivery, pending.found_order_id, pending.reports)


def unapplied_ids(session: Session, source_id: str | None = None) -> list[str]:
    """Ids of the events that can be replayed or dismissed, oldest first."""
    query = select(Event.id).where(Event.state.in_(UNAPPLIED)).order_by(Event.received_at, Event.id)
    if source_id is not None:
        query = query.where(Event.source_id == source_id)
    return list(session.scalars(query))


def _with_locked_order(session: Session, event_id: str) -> PendingEvent:
    """Parse the event and lock its order until the end of the transaction. Raises NotFound."""
    found = session.execute(
        select(Event.received_at, Event.body, Event.topic, Source)
        .join(Source, Source.id == Event.source_id)
        .where(Event.id == event_id)
    ).one_or_none()
    if found is None:
        raise NotFound(f"There is no event {event_id}.")
    received_at, body, topic, source = found
    return find_and_lock_order(session, parse_event(event_id, received_at, source, body, topic))


def _receive_duplicate(session: Session, arrival: Arrival) -> ReceiveResult:
    pending, body_hash = arrival.pending, arrival.body_hash
    first = _event_by_external_id(session, pending.source, arrival.external_id)
    if first.body_hash == body_hash or _is_same_message(pending, first):
        return stored_result(first)
    reason = Reason(EventReason.ID_USED_BEFORE, {"event": first.id})
    own = replace(arrival, external_id=f"{arrival.external_id}#{body_hash[:16]}")
    is_new = insert_once(session, Event, **own.row("conflict", reason))
    if is_new:
        store_event_names(session, pending)
    stored = _event_by_external_id(session, pending.source, own.external_id)
    return stored_result(stored, is_duplicate=not is_new)


RESULT_COLUMNS = (Event.id, Event.state, Event.reason, Event.reason_code, Event.reason_parameters)


def stored_result(event: Event | Row[*tuple[Any, ...]], *, is_duplicate: bool = True) -> ReceiveResult:
    """The result of an event that is stored; a row has the columns RESULT_COLUMNS."""
    why = stored_reason(event.reason, event.reason_code, event.reason_parameters)
    return ReceiveResult(event.id, event.state, duplicate=is_duplicate, **why)


def _is_same_message(pending: PendingEvent, first: Event) -> bool:
    """Whether a message with the same id but other bytes is a repetition of the first.

    Some shops rebuild the body for every retry, with a new time in the envelope. Others send one event in
    several versions of their format. Therefore the messages and the resulting reports are compared.
    """
    if first.emptied_at is not None:
        return is_same_as_emptied(first, pending)
    former = parse_event(pending.event_id, pending.received_at, pending.source, first.body, first.topic)
    if pending.message is None or former.message is None:
        return False
    return pending.message == former.message or _comparable_content(pending) == _comparable_content(former)


def _comparable_content(pending: PendingEvent) -> tuple[AnyReport, ...] | str:
    """The reports; for an invalid message the message itself, which equals no reports."""
    return pending.reports if pending.flaw is None else repr(pending.message)


def _event_by_external_id(session: Session, source: Source, external_id: str) -> Event:
    return session.scalars(
        select(Event).where(Event.source_id == source.id, Event.external_id == external_id)
    ).one()


def apply_locked(
    session: Session, now: datetime, pending: PendingEvent, keys: Sequence[str]
) -> ReceiveResult:
    """Apply a stored event whose order is locked, completely or not at all.

    An event that fails is rolled back to a savepoint and parked.
    """
    received, may_unpark = _apply(session, now, pending, keys)
    if may_unpark:
        apply_parked(session, now, pending, keys)
    return received


def _apply(
    session: Session, now: datetime, pending: PendingEvent, keys: Sequence[str]
) -> tuple[ReceiveResult, bool]:
    """The result, and whether parked events may have waited for this one."""
    try:
        with session.begin_nested():
            note, may_unpark = book_message(session, now, pending, keys)
    except LinkledgerError as error:
        parked, may_unpark = _park(session, now, pending, reason_of(error))
        return replace(parked, error=error), may_unpark
    except Exception as error:
        if is_connection_error(error):
            raise
        return _park(session, now, pending, internal_error_reason(pending.event_id, error))
    return _set_state(session, pending, "applied", note, now), may_unpark


def _park(
    session: Session, now: datetime, pending: PendingEvent, reason: Reason
) -> tuple[ReceiveResult, bool]:
    """The result, and whether parked events may have waited for this one.

    The names of a matched order are stored now, while names and order are locked in the right order. A
    transaction that retries the message later has locked only the order; locking the names then could
    deadlock.
    """
    store_event_names(session, pending)
    is_new_reference = pending.found_order_id is not None and store_references(
        session, now, pending.source, pending.event_id, pending.found_order_id, pending.names
    )
    return _set_state(session, pending, "parked", reason, None), is_new_reference


def apply_parked(session: Session, now: datetime, sale: PendingEvent, keys: Sequence[str]) -> None:
    """Retry all parked events of the order, by any of its names, in the transaction that books its sale.

    The order is locked, and with it everything that belongs to it. When an applied event may be what others
    waited for, all that are still parked are retried.
    """
    assert sale.order_id is not None, "only a message with an order books a sale or a name"
    may_unpark = True
    while may_unpark:
        may_unpark = False
        for event_id, received_at, body, topic, source in find_parked_events(
            session, sale.source, sale.order_id
        ):
            event = parse_event(event_id, received_at, source, body, topic)
            _, unparks = _apply(session, now, assigned_to_order(session, event, sale.order_id), keys)
            may_unpark |= unparks


def _set_state(
    session: Session, pending: PendingEvent, state: str, reason: Reason | None, applied_at: datetime | None
) -> ReceiveResult:
    why = TEXTS.columns(reason)
    result = session.execute(
        update(Event)
        .where(Event.id == pending.event_id, Event.state.in_(("received", *UNAPPLIED)))
        .values(
            state=state,
            applied_at=applied_at,
            type=pending.type,
            order_id=pending.order_id,
            **why,
        )
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    if result.rowcount != 1:
        raise NotNow(f"Another transaction has just processed event {pending.event_id}; check its state.")
    return ReceiveResult(pending.event_id, state, **why)


def is_connection_error(error: Exception) -> bool:
    """Whether the database connection failed, so that the whole transaction must be retried."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError)
