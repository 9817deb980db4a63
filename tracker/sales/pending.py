"""An event on its way from the inbox to its order."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from tracker.errors import Invalid
from tracker.sales.messages import Message
from tracker.sales.models import Source
from tracker.sales.order_lock import lock_order
from tracker.sales.references import orders_named, sold_among
from tracker.sales.sources import kind_of


@dataclass(frozen=True)
class Pending:
    """An event that is to be applied: what could be read of it, or why nothing could.

    `found` is the order that a message without one was found to belong to, by its references.
    """

    event_id: str
    received_at: datetime
    source: Source
    message: Message | None
    flaw: str | None
    found: str | None = None

    @property
    def type(self) -> str | None:
        return self.message.type if self.message else None

    @property
    def order_id(self) -> str | None:
        """Its order; as long as that is not known, the name that it waits under."""
        if self.message is None:
            return None
        return self.message.order_id or self.found or next(iter(self.message.references), None)


def read_event(
    event_id: str, received_at: datetime, source: Source, body: bytes, topic: str | None
) -> Pending:
    try:
        return Pending(event_id, received_at, source, kind_of(source.kind).read(body, topic), None)
    except Invalid as error:
        return Pending(event_id, received_at, source, None, str(error))


def with_order(session: Session, pending: Pending) -> Pending:
    """Find the order of the message and hold it; one that is not sold yet is held, but not found.

    References are locked before orders, both sorted, so that two transactions never wait for each other.
    The sale of a held order, in another transaction, is either seen here or sees this event wait.
    """
    message, source = pending.message, pending.source
    if message is None:
        return pending
    for reference in sorted(set(message.references)):
        lock_order(session, source.brand_id, source.namespace, reference)
    if message.order_id is not None:
        lock_order(session, source.brand_id, source.namespace, message.order_id)
        return pending
    known = orders_named(session, source, message.references) if message.references else []
    for order_id in known:
        lock_order(session, source.brand_id, source.namespace, order_id)
    sold = sold_among(session, source, known) if known else []
    return replace(pending, found=next(iter(sold), None))


def belonging_to(pending: Pending, order_id: str) -> Pending:
    """The same event, of an order that the caller holds; what its message says of its order goes first."""
    if pending.message is None or pending.message.order_id is not None:
        return pending
    return replace(pending, found=order_id)
