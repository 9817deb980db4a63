"""Finds the parked events of an order, by its id or any other name."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Row, Select, bindparam, func, select, union_all
from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.sales.inbox.models import Event, EventName
from tracker.sales.inbox.pending import PendingEvent
from tracker.sales.integrations.kinds import is_payment_name
from tracker.sales.orders.models import OrderReference
from tracker.sales.sources.models import Source

ParkedEvent = Row[str, datetime, bytes, str | None, Source]

# An expression, so that SQLite does not choose the index of states: thousands may be parked, few under one
# name.
_IS_PARKED = func.coalesce(Event.state, "") == "parked"
_OF_NAMESPACE: dict[str, Any] = {"brand_id": bindparam("brand"), "namespace": bindparam("namespace")}
_ORDER_IDS: BindParameter[str] = bindparam("order_ids", expanding=True)
_OTHER_NAMES = (
    select(OrderReference.reference).filter_by(**_OF_NAMESPACE).where(OrderReference.order_id.in_(_ORDER_IDS))
)


def _parked_by_order_id(names: Any) -> Select[str]:
    """Events that are parked with one of the names as their order."""
    of_its_sources = select(Event.id).join(Source, Source.id == Event.source_id)
    return of_its_sources.filter_by(**_OF_NAMESPACE).where(Event.order_id.in_(names), _IS_PARKED)


def _parked_by_event_name(names: Any) -> Select[str]:
    """Events of supporting sources, which are parked under all names that they give their order."""
    named = select(Event.id).join(EventName, EventName.event_id == Event.id)
    return named.filter_by(**_OF_NAMESPACE).where(EventName.name.in_(names), _IS_PARKED)


# Built once, because every sale runs this query. Each part uses its own index.
_PARKED = union_all(
    *(
        part(names)
        for part in (_parked_by_order_id, _parked_by_event_name)
        for names in (_ORDER_IDS, _OTHER_NAMES)
    )
)


_ANY_PARKED = _PARKED.limit(1)


def has_parked_events(session: Session, source: Source, order_ids: Sequence[str]) -> bool:
    """Whether an event is parked for one of these orders, by any name."""
    parameters = {"brand": source.brand_id, "namespace": source.namespace, "order_ids": order_ids}
    return session.connection().execute(_ANY_PARKED, parameters).first() is not None


def find_parked_events(session: Session, source: Source, order_id: str) -> Sequence[ParkedEvent]:
    """Parked events of this order, by any of its names, oldest first, with bodies; their rows are locked."""
    parameters = {"brand": source.brand_id, "namespace": source.namespace, "order_ids": [order_id]}
    ids = set(session.scalars(_PARKED, parameters))
    if not ids:
        return []
    return session.execute(
        select(Event.id, Event.received_at, Event.body, Event.topic, Source)
        .join(Source, Source.id == Event.source_id)
        .where(Event.id.in_(ids), Event.state == "parked")
        .order_by(Event.received_at, Event.id)
        .with_for_update(of=Event)  # waits for a concurrent dismissal, then leaves the event out
    ).all()


def store_event_names(session: Session, pending: PendingEvent) -> None:
    """Store all names that the message gives its order: the order may later be known by any of them."""
    for name in pending.names:
        insert_once(
            session,
            EventName,
            event_id=pending.event_id,
            name=name,
            is_payment=is_payment_name(name),
            brand_id=pending.source.brand_id,
            namespace=pending.source.namespace,
        )
