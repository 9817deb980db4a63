"""Parses events, and finds and locks their orders."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.orm import Session

from tracker.errors import Invalid, LinkledgerError
from tracker.ids import new_id
from tracker.reasons import Reason
from tracker.sales.event_reasons import EventReason
from tracker.sales.event_texts import TEXTS
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.orders.locks import lock_orders
from tracker.sales.orders.matching import find_order_candidates, matching_orders
from tracker.sales.orders.references import orders_by_reference, sold_order_ids, unknown_names
from tracker.sales.orders.supporting import as_supporting_reports, names_in_message
from tracker.sales.reports.messages import Message
from tracker.sales.reports.provider_reports import AnyReport
from tracker.sales.sources.models import Source

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PendingEvent:
    """An event that is to be applied, with its reports, or with the reason why they are invalid (`flaw`).

    `message` is what could be read from the body, even if it is invalid. `found_order_id` is the order that a
    message without an order id was matched to by its references. `names` are all names that a message of a
    supporting source gives its order; such a message is always matched by them.
    """

    event_id: str
    received_at: datetime
    source: Source
    message: Message | None
    reports: tuple[AnyReport, ...]
    flaw: Reason | None
    found_order_id: str | None = None
    names: tuple[str, ...] = ()
    ambiguous_order_ids: tuple[str, ...] = ()
    """The matching orders, if there is more than one."""

    @property
    def type(self) -> str | None:
        return self.message.type if self.message else None

    @property
    def order_id(self) -> str | None:
        """The id of its order; while that is unknown, the name under which the event is parked.

        A message of a supporting source has none then. All that wait are found by their `waiting_names`, too.
        """
        if self.message is None:
            return None
        if self.source.supports_id is not None:
            return self.found_order_id
        return self.message.order_id or self.found_order_id or next(iter(self.message.references), None)

    @property
    def waiting_names(self) -> tuple[str, ...]:
        """All names under which the event waits for its order; empty if the message has the order's id."""
        if self.message is None or self.source.supports_id is not None:
            return self.names
        return () if self.message.order_id is not None else self.message.references


@dataclass(frozen=True)
class Arrival:
    """An authentic message, parsed before a transaction begins. `external_id` is the shop's own id of it."""

    pending: PendingEvent
    external_id: str
    body: bytes = field(repr=False)
    topic: str | None

    @property
    def body_hash(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    def row(self, state: str, reason: Reason | None) -> dict[str, Any]:
        """The row of the event when it is first stored."""
        return {
            "id": self.pending.event_id,
            "source_id": self.pending.source.id,
            "external_id": self.external_id,
            "body": bytes(self.body),  # not a class of ours, which a database driver does not know
            "body_hash": self.body_hash,
            "topic": self.topic,
            "type": self.pending.type,
            "order_id": self.pending.order_id,
            "state": state,
            **TEXTS.columns(reason),
            "received_at": self.pending.received_at,
            "applied_at": None,
        }


def new_arrival(now: datetime, source: Source, external_id: str, body: bytes, topic: str | None) -> Arrival:
    """Parse a message before a transaction begins, as it may be large. Never raises because of the body."""
    return Arrival(parse_event(new_id("evt", now), now, source, body, topic), external_id, body, topic)


def parsed_arrival(
    now: datetime,
    source: Source,
    external_id: str,
    body: bytes,
    message: Message,
    reports: tuple[AnyReport, ...],
    topic: str | None = None,
) -> Arrival:
    """The arrival of a valid message whose body the caller has parsed and translated already."""
    names = names_in_message(source, message)
    pending = _valid_event(new_id("evt", now), now, source, message, names, reports)
    return Arrival(pending, external_id, body, topic)


def parse_event(
    event_id: str, received_at: datetime, source: Source, body: bytes, topic: str | None
) -> PendingEvent:
    """Read and translate a message. Never raises because of the body: the event then has a `flaw`."""
    kind, message = kind_of(source.kind), None
    names: tuple[str, ...] = ()
    try:
        message = kind.read(body, topic)
        names = names_in_message(source, message)
        reports = kind.translate(message, received_at)
        return _valid_event(event_id, received_at, source, message, names, reports)
    except LinkledgerError as error:
        flaw = reason_of(error)
    except Exception as error:
        flaw = internal_error_reason(event_id, error)
    return PendingEvent(event_id, received_at, source, message, (), flaw, names=names)


def _valid_event(
    event_id: str,
    received_at: datetime,
    source: Source,
    message: Message,
    names: tuple[str, ...],
    reports: tuple[AnyReport, ...],
) -> PendingEvent:
    if source.supports_id is not None:
        reports = as_supporting_reports(reports, names)
    return PendingEvent(event_id, received_at, source, message, reports, None, names=names)


def reason_of(error: LinkledgerError) -> Reason:
    """The reason for parking an event that raised this error."""
    if error.reason is not None:
        return error.reason
    if not isinstance(error, Invalid):
        return Reason(EventReason.REFUSED, {"words": str(error)})
    if error.field is None:
        return Reason(EventReason.INVALID_MESSAGE, {"words": str(error)})
    return Reason(EventReason.INVALID_FIELD, {"field": error.field, "words": str(error)})


def internal_error_reason(event_id: str, error: Exception) -> Reason:
    """The reason for parking an event that failed because of an error in Linkledger.

    Only the type of the error is logged and stored: its text may contain parts of the message.
    """
    log.error("event failed", event_id=event_id, kind=type(error).__name__)
    return Reason(EventReason.INTERNAL_ERROR, {"error": type(error).__name__})


def find_and_lock_order(session: Session, pending: PendingEvent) -> PendingEvent:
    """Find the order of the message and lock it. An order that is not sold yet is locked, but not matched.

    With the order locked, a concurrent transaction that books its sale either is visible here or sees this
    event parked.
    """
    message, source = pending.message, pending.source
    if message is None:
        return pending
    if source.supports_id is not None:
        return _find_and_lock_supported_order(session, pending)
    own = () if message.order_id is None else (message.order_id,)
    lock_orders(session, source.brand_id, source.namespace, names=(*message.references, *own), order_ids=own)
    if own:
        return pending
    known = orders_by_reference(session, source, message.references) if message.references else []
    lock_orders(session, source.brand_id, source.namespace, order_ids=known)
    return _with_found(pending, sold_order_ids(session, source, known) if known else [])


def assigned_to_order(session: Session, pending: PendingEvent, order_id: str) -> PendingEvent:
    """The event, assigned to an order that the caller has locked, unless its message names another.

    An event whose payment belongs to two orders stays unassigned, because it would be counted for both.
    """
    message, source, names = pending.message, pending.source, pending.names
    if message is None:
        return pending
    if source.supports_id is not None:
        # Only new names need a lock: a lookup by a name that the order already has waits for the order's
        # lock.
        new_names = unknown_names(session, source, order_id, names)
        lock_orders(session, source.brand_id, source.namespace, names=new_names)
        return _with_found(
            pending, matching_orders(session, source, names, find_order_candidates(session, source, names))
        )
    if message.order_id is not None:
        return pending
    sold = sold_order_ids(session, source, orders_by_reference(session, source, message.references))
    return replace(pending, found_order_id=order_id if sold == [order_id] else None)


def _find_and_lock_supported_order(session: Session, pending: PendingEvent) -> PendingEvent:
    source, names = pending.source, pending.names
    lock_orders(session, source.brand_id, source.namespace, names=names)
    known = find_order_candidates(session, source, names)
    lock_orders(session, source.brand_id, source.namespace, order_ids=known.order_ids)
    return _with_found(pending, matching_orders(session, source, names, known))


def _with_found(pending: PendingEvent, sold: Sequence[str]) -> PendingEvent:
    found_order_id = sold[0] if len(sold) == 1 else None
    return replace(pending, found_order_id=found_order_id, ambiguous_order_ids=tuple(sold[1:] and sold))
