"""Finds the parked events of an order, by its id or any other name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, CompoundSelect, Row, Select, bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.sales.inbox.models import Event, EventName
from tracker.sales.inbox.pending import PendingEvent
from tracker.sales.integrations.kinds import is_payment_name
from tracker.sales.orders.models import OrderReference, Sale
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
    """Events that do not contain the order's id, which are parked under all names that they give it."""
    named = select(Event.id).join(EventName, EventName.event_id == Event.id)
    return named.filter_by(**_OF_NAMESPACE).where(EventName.name.in_(names), _IS_PARKED)


def _parked(names: BindParameter[str]) -> CompoundSelect[str]:
    """Events that are parked under these names or under stored names of the orders, twice where both match.

    Each part uses its own index.
    """
    parts = (_parked_by_order_id, _parked_by_event_name)
    return union_all(*(part(each) for part in parts for each in (names, _OTHER_NAMES)))


# Built once, because every sale runs one of these queries.
_PARKED = _parked(_ORDER_IDS)
_ANY_PARKED = _parked(bindparam("names", expanding=True)).limit(1).subquery()
_SOLD = select(Sale.order_id, literal(True)).filter_by(**_OF_NAMESPACE).where(Sale.order_id.in_(_ORDER_IDS))
_STANDING = union_all(_SOLD, select(_ANY_PARKED.c.id, literal(False)))


@dataclass(frozen=True)
class OrderStanding:
    """Which of some orders are sold, and whether an event is parked for one of them."""

    sold: frozenset[str]
    has_parked: bool


def standing_of_orders(
    session: Session, source: Source, order_ids: Sequence[str], names: Sequence[str]
) -> OrderStanding:
    """The standing of locked orders, in one query. `names` are their ids and the other names reported now."""
    parameters = {
        "brand": source.brand_id,
        "namespace": source.namespace,
        "order_ids": order_ids,
        "names": names,
    }
    rows = session.connection().execute(_STANDING, parameters).all()
    sold = frozenset(order_id for order_id, is_sold in rows if is_sold)
    return OrderStanding(sold, has_parked=any(not is_sold for _, is_sold in rows))


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
    """Store all names of an order that the message does not identify: it may become known by any of them.

    The caller has locked the names, except when it retries an event, whose names were stored on parking.
    """
    for name in dict.fromkeys(pending.waiting_names):
        insert_once(
            session,
            EventName,
            event_id=pending.event_id,
            name=name,
            is_payment=is_payment_name(name),
            brand_id=pending.source.brand_id,
            namespace=pending.source.namespace,
        )
