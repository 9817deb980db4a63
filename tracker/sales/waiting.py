"""Events that wait for an order: found by any name of it, whatever name they wait under."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, Row, Select, bindparam, or_, select
from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.sales.models import Event, Source
from tracker.sales.pending import Pending
from tracker.sales.reference_models import OrderReference
from tracker.sales.references import names_of
from tracker.sales.supporting_models import EventName

WaitingEvent = Row[str, datetime, bytes, str | None, Source]


def _waiting(*has_name: ColumnElement[bool]) -> Select[str]:
    return (
        select(Event.id)
        .join(Source, Source.id == Event.source_id)
        .where(Source.brand_id == bindparam("brand"), Source.namespace == bindparam("namespace"))
        .where(or_(*has_name), Event.state == "parked")
    )


_HERE = (EventName.brand_id == bindparam("brand"), EventName.namespace == bindparam("namespace"))

# Made once: every sale asks this.
_ORDER_IDS: BindParameter[str] = bindparam("order_ids", expanding=True)
_OTHER_NAMES = select(OrderReference.reference).where(
    OrderReference.brand_id == bindparam("brand"),
    OrderReference.namespace == bindparam("namespace"),
    OrderReference.order_id.in_(_ORDER_IDS),
)
_CALLED = or_(EventName.name.in_(_ORDER_IDS), EventName.name.in_(_OTHER_NAMES))
_FIRST = _waiting(
    Event.order_id.in_(_ORDER_IDS),
    Event.order_id.in_(_OTHER_NAMES),
    Event.id.in_(select(EventName.event_id).where(*_HERE, _CALLED)),
).limit(1)


def somebody_waits(session: Session, source: Source, order_ids: Sequence[str]) -> bool:
    """For one of these orders, by whatever name."""
    named = {"brand": source.brand_id, "namespace": source.namespace, "order_ids": order_ids}
    return session.connection().execute(_FIRST, named).first() is not None


def events_waiting(session: Session, source: Source, order_id: str) -> Sequence[WaitingEvent]:
    """Those that wait for this order, oldest first, with their bodies; each is held."""
    names = names_of(session, source, order_id)
    by_name = select(EventName.event_id).where(*_HERE, EventName.name.in_(names))
    waiting = _waiting(Event.order_id.in_(names), Event.id.in_(by_name))
    return session.execute(
        waiting.with_only_columns(Event.id, Event.received_at, Event.body, Event.topic, Source)
        .order_by(Event.received_at, Event.id)
        .with_for_update(of=Event),  # one that is being dismissed is waited for, and left out
        {"brand": source.brand_id, "namespace": source.namespace},
    ).all()


def wait_by_names(session: Session, pending: Pending) -> None:
    """Of a message of a supporting source any name may be the one that the order will be known by."""
    for name in pending.names:
        insert_once(
            session,
            EventName,
            event_id=pending.event_id,
            name=name,
            brand_id=pending.source.brand_id,
            namespace=pending.source.namespace,
        )
