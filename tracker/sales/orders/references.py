"""Other names of orders: stored when shops report them, and looked up when a message has only those."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.insert import insert_new
from tracker.ids import new_id
from tracker.sales.orders.models import OrderReference, Sale
from tracker.sales.sources.models import Source


def store_references(
    session: Session, now: datetime, source: Source, event_id: str, order_id: str, references: Sequence[str]
) -> bool:
    """Store these names of the order; returns whether any of them was new."""
    rows = reference_rows(now, source, event_id, order_id, references)
    return bool(insert_new(session, OrderReference, rows))


def reference_rows(
    now: datetime, source: Source, event_id: str, order_id: str, references: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows in sorted order, so that two transactions that insert them never wait for each other."""
    return [
        {
            "id": new_id("orf", now),
            "brand_id": source.brand_id,
            "namespace": source.namespace,
            "reference": reference,
            "order_id": order_id,
            "event_id": event_id,
            "created_at": now,
        }
        for reference in sorted(set(references))
        if reference != order_id
    ]


def orders_by_reference(session: Session, source: Source, references: Sequence[str]) -> list[str]:
    """Ids of the orders that have one of these references, sold or not."""
    query = select(OrderReference.order_id).where(
        OrderReference.brand_id == source.brand_id,
        OrderReference.namespace == source.namespace,
        OrderReference.reference.in_(references),
    )
    return list(session.scalars(query.distinct().order_by(OrderReference.order_id)))


def sold_order_ids(session: Session, source: Source, order_ids: Sequence[str]) -> list[str]:
    query = select(Sale.order_id).where(
        Sale.brand_id == source.brand_id, Sale.namespace == source.namespace, Sale.order_id.in_(order_ids)
    )
    return list(session.scalars(query.order_by(Sale.order_id)))


def unknown_names(session: Session, source: Source, order_id: str, names: Sequence[str]) -> set[str]:
    """The names that are not stored for the order yet."""
    known = select(OrderReference.reference).where(
        OrderReference.brand_id == source.brand_id,
        OrderReference.namespace == source.namespace,
        OrderReference.order_id == order_id,
        OrderReference.reference.in_(names),
    )
    return {*names} - {order_id, *session.scalars(known)}


def sale_by_order_id(session: Session, source: Source, order_id: str) -> Sale | None:
    """The sale with this order id in the namespace of the source; other names are not considered."""
    return session.scalar(
        select(Sale).where(
            Sale.brand_id == source.brand_id, Sale.namespace == source.namespace, Sale.order_id == order_id
        )
    )
