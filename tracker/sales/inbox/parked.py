"""Finds the parked events of an order, by its id or any other name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Row,
    Select,
    Text,
    any_,
    bindparam,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
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


def _parameter(name: str, dialect: str) -> BindParameter[Any]:
    """A list of names. On PostgreSQL it is one array, so that a query has one text for any number of names.

    psycopg parses a text of more than 4,096 characters again each time, and prepares only texts that return
    (docs/decisions/0035; measured for batches of sales).
    """
    if dialect == "postgresql":
        return bindparam(name, type_=ARRAY(Text))
    return bindparam(name, expanding=True)


def _is_one_of(column: Any, names: Any) -> ColumnElement[bool]:
    """`names` is a parameter for a list of names, or a query of them."""
    is_array = isinstance(names, BindParameter) and isinstance(names.type, ARRAY)
    condition: ColumnElement[bool] = column == any_(names) if is_array else column.in_(names)
    return condition


def _other_names(order_ids: BindParameter[Any]) -> Select[str]:
    stored = select(OrderReference.reference).filter_by(**_OF_NAMESPACE)
    return stored.where(_is_one_of(OrderReference.order_id, order_ids))


def _parked_by_order_id(names: Any) -> Select[str]:
    """Events that are parked with one of the names as their order."""
    of_its_sources = select(Event.id).join(Source, Source.id == Event.source_id)
    return of_its_sources.filter_by(**_OF_NAMESPACE).where(_is_one_of(Event.order_id, names), _IS_PARKED)


def _parked_by_event_name(names: Any) -> Select[str]:
    """Events that do not contain the order's id, which are parked under all names that they give it."""
    named = select(Event.id).join(EventName, EventName.event_id == Event.id)
    return named.filter_by(**_OF_NAMESPACE).where(_is_one_of(EventName.name, names), _IS_PARKED)


def _parked(names: BindParameter[Any], order_ids: BindParameter[Any]) -> CompoundSelect[str]:
    """Events that are parked under these names or under stored names of the orders, twice where both match.

    Each part uses its own index.
    """
    parts = (_parked_by_order_id, _parked_by_event_name)
    return union_all(*(part(each) for part in parts for each in (names, _other_names(order_ids))))


@cache
def _parked_query(dialect: str) -> CompoundSelect[str]:
    order_ids = _parameter("order_ids", dialect)
    return _parked(order_ids, order_ids)


@cache
def _standing_query(dialect: str) -> CompoundSelect[Any]:
    order_ids = _parameter("order_ids", dialect)
    any_parked = _parked(_parameter("names", dialect), order_ids).limit(1).subquery()
    sales = select(Sale.order_id, literal(True)).filter_by(**_OF_NAMESPACE)
    sold = sales.where(_is_one_of(Sale.order_id, order_ids))
    return union_all(sold, select(any_parked.c.id, literal(False)))


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
    connection = session.connection()
    rows = connection.execute(_standing_query(connection.dialect.name), parameters).all()
    sold = frozenset(order_id for order_id, is_sold in rows if is_sold)
    return OrderStanding(sold, has_parked=any(not is_sold for _, is_sold in rows))


def find_parked_events(session: Session, source: Source, order_id: str) -> Sequence[ParkedEvent]:
    """Parked events of this order, by any of its names, oldest first, with bodies; their rows are locked."""
    parameters = {"brand": source.brand_id, "namespace": source.namespace, "order_ids": [order_id]}
    ids = set(session.scalars(_parked_query(session.get_bind().dialect.name), parameters))
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
