"""Finds events that were not applied, and the sales whose order they name.

A message may use another name of its order, such as its payment, and be stored under it before the order is
known. So events are looked up by all names of a sale's order.
"""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from config.among import among
from tracker.sales.inbox.models import UNAPPLIED, Event, EventName
from tracker.sales.integrations.kinds import names_where
from tracker.sales.orders.models import OrderReference, Sale
from tracker.sales.sources.models import Source


def unapplied_event_ids(session: Session) -> Sequence[str]:
    """The ids of all unapplied events, which are few: the parameter of `unapplied_by_sale`."""
    return session.scalars(_ids_query()).all()


@cache
def _ids_query() -> Select[str]:
    """Its states are no parameters: SQLite could not tell that its index of unapplied events has all rows."""
    return select(Event.id).where(Event.state.in_([literal_column(f"'{each}'") for each in UNAPPLIED]))


def unapplied_by_sale() -> tuple[Select[str, str], ...]:
    """Queries, for a UNION, of pairs: the id of a sale and the id of an unapplied event that names its order.

    They select from Sale, Event and Source, and match by the order's id, by another name of it, and by each
    name under which a message without an order id waits; for a supporting source, only by names of payments.
    Parameter: `event_ids`, of `unapplied_event_ids`. All queries start from these events: databases do not
    know how few they are, and would read all sales instead. Without such events, they need not be asked.
    """
    is_unapplied = and_(among(Event.id, "event_ids"), Event.state.in_(UNAPPLIED))
    same_namespace = and_(
        is_unapplied,
        _of_event(Event.source_id) == Source.id,
        Source.brand_id == Sale.brand_id,
        Source.namespace == Sale.namespace,
    )
    # For the other kinds of shop, an order's number may be another order's id.
    names_freely = Source.kind.in_(names_where(lambda kind: kind.names_orders_freely))
    by_other_name = and_(
        names_freely,
        OrderReference.brand_id == Sale.brand_id,
        OrderReference.namespace == Sale.namespace,
        OrderReference.order_id == Sale.order_id,
        OrderReference.reference == _of_event(Event.order_id),
    )
    pairs = select(Sale.id.label("sale_id"), Event.id.label("event_id")).where(same_namespace)
    # From the event to its names, references and sales: by the namespace of the source, which is the same,
    # SQLite would scan all sales or references of it.
    by_waiting_name = and_(
        is_unapplied,
        _of_event(Event.source_id) == Source.id,
        EventName.event_id == _of_event(Event.id),
        or_(
            and_(Source.supports_id.is_not(None), EventName.is_payment),
            and_(Source.supports_id.is_(None), names_freely),
        ),
        OrderReference.brand_id == EventName.brand_id,
        OrderReference.namespace == EventName.namespace,
        OrderReference.reference == EventName.name,
        Sale.brand_id == OrderReference.brand_id,
        Sale.namespace == OrderReference.namespace,
        Sale.order_id == OrderReference.order_id,
    )
    by_names = select(Sale.id.label("sale_id"), Event.id.label("event_id")).where(by_waiting_name)
    by_order_id = _of_event(Event.order_id) == Sale.order_id
    return pairs.where(by_order_id), pairs.where(by_other_name), by_names


def _of_event(column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]) -> ColumnElement[str]:
    """A column of the event, for which SQLite has no index: it must begin with the ids of the events."""
    return func.coalesce(column, "")
