"""Queries for the inbox: received events, and those that were not applied."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, select, union
from sqlalchemy.orm import Session, defer

from tracker.people.accounts.operations import get_brand
from tracker.sales.inbox.models import Event
from tracker.sales.inbox.unapplied import unapplied_by_sale
from tracker.sales.orders.models import Sale
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import get_source


def list_events(
    session: Session,
    *,
    source_id: str | None = None,
    brand_id: str | None = None,
    state: str | None = None,
    limit: int = 100,
) -> Sequence[Event]:
    """Newest first, without their bodies. Raises NotFound for the source or the brand."""
    query = select(Event).options(defer(Event.body, raiseload=True))
    if source_id is not None:
        query = query.where(Event.source_id == get_source(session, source_id).id)
    if brand_id is not None:
        query = query.where(
            Event.source_id.in_(_source_ids(Source.brand_id == get_brand(session, brand_id).id))
        )
    if state is not None:
        query = query.where(Event.state == state)
    return session.scalars(query.order_by(Event.received_at.desc(), Event.id.desc()).limit(limit)).all()


def unapplied_events(session: Session, sale: Sale) -> Sequence[Event]:
    """Unapplied events that name its order, oldest first, without bodies; they hold its commission."""
    unapplied = union(
        *(pairs.with_only_columns(Event.id).where(Sale.id == sale.id) for pairs in unapplied_by_sale())
    )
    events = select(Event).options(defer(Event.body, raiseload=True))
    events = events.where(Event.id.in_(select(unapplied.subquery().c.id)))
    return session.scalars(events.order_by(Event.received_at, Event.id)).all()


def _source_ids(*conditions: ColumnElement[bool]) -> Select[str]:
    return select(Source.id).where(*conditions)
