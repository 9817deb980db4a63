"""Parsed events, and finding and locking their order."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.orm import Session

from tracker.errors import LinkledgerError
from tracker.ids import new_id
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
    """An event that is to be applied: what it reports, or why it makes no sense.

    `message` is what could be read of it, also when it makes no sense. `found` is the order that a message
    without one was found to belong to, by its references. `names` are all that the message of a source that
    supports another gives its order: of such a message the order is always found by them.
    """

    event_id: str
    received_at: datetime
    source: Source
    message: Message | None
    reports: tuple[AnyReport, ...]
    flaw: str | None
    found: str | None = None
    names: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    """Orders of which each may be meant, where there is more than one."""

    @property
    def type(self) -> str | None:
        return self.message.type if self.message else None

    @property
    def order_id(self) -> str | None:
        """Its order; as long as that is not known, the name that it waits under.

        A message of a supporting source waits under all its names, see `waiting`.
        """
        if self.message is None:
            return None
        if self.source.supports_id is not None:
            return self.found
        return self.message.order_id or self.found or next(iter(self.message.references), None)


@dataclass(frozen=True)
class Arrival:
    """A message whose signature fits, read before any transaction begins. `external_id` is the shop's own."""

    pending: PendingEvent
    external_id: str
    body: bytes = field(repr=False)
    topic: str | None

    @property
    def body_hash(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    def row(self, state: str, reason: str | None) -> dict[str, Any]:
        """The event as it is first kept."""
        return {
            "id": self.pending.event_id,
            "source_id": self.pending.source.id,
            "external_id": self.external_id,
            "body": self.body,
            "body_hash": self.body_hash,
            "topic": self.topic,
            "type": self.pending.type,
            "order_id": self.pending.order_id,
            "state": state,
            "reason": reason,
            "received_at": self.pending.received_at,
            "applied_at": None,
        }


def new_arrival(now: datetime, source: Source, external_id: str, body: bytes, topic: str | None) -> Arrival:
    """Needs no transaction: a large body is read before one begins. Never raises because of the body."""
    return Arrival(parse_event(new_id("evt", now), now, source, body, topic), external_id, body, topic)


def parse_event(
    event_id: str, received_at: datetime, source: Source, body: bytes, topic: str | None
) -> PendingEvent:
    """Never raises because of the body."""
    kind, message = kind_of(source.kind), None
    names: tuple[str, ...] = ()
    reports: tuple[AnyReport, ...] = ()
    flaw = None
    try:
        message = kind.read(body, topic)
        names = names_in_message(source, message)
        reports = kind.translate(message, received_at)
        if source.supports_id is not None:
            reports = as_supporting_reports(reports, names)
    except LinkledgerError as error:
        flaw = str(error)
    except Exception as error:
        flaw = internal_error_reason(event_id, error)
    return PendingEvent(event_id, received_at, source, message, reports, flaw, names=names)


def internal_error_reason(event_id: str, error: Exception) -> str:
    """Why an event is parked that we are at fault for. Its text may hold parts of the message: logged is
    only the kind of error.
    """
    log.error("event failed", event_id=event_id, kind=type(error).__name__)
    return f"Linkledger failed on it ({type(error).__name__}); replay it after an upgrade."


def find_and_lock_order(session: Session, pending: PendingEvent) -> PendingEvent:
    """Find the order of the message and hold it; one that is not sold yet is held, but not found.

    With the order locked, a concurrent transaction that books its sale either is visible here or sees this event parked.
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
    """The same event, of an order that the caller holds; what its message says of its order goes first.

    One that names two orders by their payment stays without: it would be counted for both.
    """
    message, source, names = pending.message, pending.source, pending.names
    if message is None:
        return pending
    if source.supports_id is not None:
        # Whoever looks for a name that the order has already waits for the order.
        new_names = unknown_names(session, source, order_id, names)
        lock_orders(session, source.brand_id, source.namespace, names=new_names)
        return _with_found(
            pending, matching_orders(session, source, names, find_order_candidates(session, source, names))
        )
    if message.order_id is not None:
        return pending
    sold = sold_order_ids(session, source, orders_by_reference(session, source, message.references))
    return replace(pending, found=order_id if sold == [order_id] else None)


def _find_and_lock_supported_order(session: Session, pending: PendingEvent) -> PendingEvent:
    source, names = pending.source, pending.names
    lock_orders(session, source.brand_id, source.namespace, names=names)
    known = find_order_candidates(session, source, names)
    lock_orders(session, source.brand_id, source.namespace, order_ids=known.order_ids)
    return _with_found(pending, matching_orders(session, source, names, known))


def _with_found(pending: PendingEvent, sold: Sequence[str]) -> PendingEvent:
    return replace(pending, found=sold[0] if len(sold) == 1 else None, several=tuple(sold[1:] and sold))
