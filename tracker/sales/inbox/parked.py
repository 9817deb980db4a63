"""Parked events of an order, found by its id or any reference."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Row, Select, bindparam, func, select, union_all
from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.sales.inbox.models import Event, EventName
from tracker.sales.inbox.pending import PendingEvent
from tracker.sales.orders.models import OrderReference
from tracker.sales.reports.payment_names import is_payment_name
from tracker.sales.sources.models import Source

ParkedEvent = Row[str, datetime, bytes, str | None, Source]

# Not by the index of states, which SQLite would choose: thousands may be parked, few under one name.
_IS_PARKED = func.coalesce(Event.state, "") == "parked"
_OF_NAMESPACE: dict[str, Any] = {"brand_id": bindparam("brand"), "namespace": bindparam("namespace")}
_ORDER_IDS: BindParameter[str] = bindparam("order_ids", expanding=True)
_OTHER_NAMES = (
    select(OrderReference.reference).filter_by(**_OF_NAMESPACE).where(OrderReference.order_id.in_(_ORDER_IDS))
)


def _parked_by_order_id(names: Any) -> Select[str]:
    """Events that wait under one of the names as their order."""
    of_its_sources = select(Event.id).join(Source, Source.id == Event.source_id)
    return of_its_sources.filter_by(**_OF_NAMESPACE).where(Event.order_id.in_(names), _IS_PARKED)


def _parked_by_event_name(names: Any) -> Select[str]:
    """Those of supporting sources, which wait under all names that they give their order."""
    named = select(Event.id).join(EventName, EventName.event_id == Event.id)
    return named.filter_by(**_OF_NAMESPACE).where(EventName.name.in_(names), _IS_PARKED)


# Made once: every sale asks this. Each part goes by an index of its own.
_PARKED = union_all(
    *(
        part(names)
        for part in (_parked_by_order_id, _parked_by_event_name)
        for names in (_ORDER_IDS, _OTHER_NAMES)
    )
)


_ANY_PARKED = _PARKED.limit(1)


def has_parked_events(session: Session, source: Source, order_ids: Sequence[str]) -> bool:
    """For one of these orders, by whatever name."""
    named = {"brand": source.brand_id, "namespace": source.namespace, "order_ids": order_ids}
    return session.connection().execute(_ANY_PARKED, named).first() is not None


def find_parked_events(session: Session, source: Source, order_id: str) -> Sequence[ParkedEvent]:
    """Those that wait for this order, by any name of it, oldest first, with their bodies; each is held."""
    named = {"brand": source.brand_id, "namespace": source.namespace, "order_ids": [order_id]}
    ids = set(session.scalars(_PARKED, named))
    if not ids:
        return []
    return session.execute(
        select(Event.id, Event.received_at, Event.body, Event.topic, Source)
        .join(Source, Source.id == Event.source_id)
        .where(Event.id.in_(ids), Event.state == "parked")
        .order_by(Event.received_at, Event.id)
        .with_for_update(of=Event)  # one that is being dismissed is waited for, and left out
    ).all()


def store_event_names(session: Session, pending: PendingEvent) -> None:
    """Of a message of a supporting source any name may be the one that the order will be known by."""
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
