"""Queries for the inbox: received events, and those that were not applied."""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, and_, func, literal, select, tuple_, union
from sqlalchemy.orm import Session, defer

from tracker.errors import NotFound
from tracker.people.accounts.operations import get_brand
from tracker.sales.inbox.models import Event
from tracker.sales.inbox.unapplied import unapplied_by_sale, unapplied_event_ids
from tracker.sales.orders.models import Sale
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import get_source

STATES = ("received", "applied", "parked", "conflict", "dismissed")


def list_events(
    session: Session,
    *,
    source_id: str | None = None,
    brand_id: str | None = None,
    state: str | None = None,
    limit: int = 100,
    after: str | None = None,
) -> Sequence[Event]:
    """Newest first, without their bodies. `after` is the id of an event, after which the list goes on.

    Raises NotFound for the source, the brand and that event.
    """
    sources = _sources(session, source_id, brand_id)
    newest = (Event.received_at.desc(), Event.id.desc())
    events = select(Event).options(defer(Event.body, raiseload=True)).order_by(*newest).limit(limit)
    if after is not None:
        events = events.where(_is_older_than(session, after))
    found = [event for part in _parts(sources, state) for event in session.scalars(events.where(part))]
    return sorted(found, key=lambda event: (event.received_at, event.id), reverse=True)[:limit]


def _sources(session: Session, source_id: str | None, brand_id: str | None) -> list[str] | None:
    """Ids of the sources whose events are asked for; None for all."""
    if source_id is None and brand_id is None:
        return None
    sources = select(Source.id).order_by(Source.id)
    if source_id is not None:
        sources = sources.where(Source.id == get_source(session, source_id).id)
    if brand_id is not None:
        sources = sources.where(Source.brand_id == get_brand(session, brand_id).id)
    return list(session.scalars(sources))


def _parts(sources: Sequence[str] | None, state: str | None) -> Iterator[ColumnElement[bool]]:
    """Conditions that share out the events: for each, an index has its newest events first.

    Few events are not applied, so these are read by their state, all others by their source. An expression
    keeps the databases from the other index, in which they might pass through all history.
    """
    if sources is None:
        for each in STATES if state is None else (state,):
            yield Event.state == each
    elif state in (None, "applied"):
        for source in sources:
            of_source = Event.source_id == source
            yield of_source if state is None else and_(of_source, func.coalesce(Event.state, "") == state)
    else:
        yield and_(Event.state == state, func.coalesce(Event.source_id, "").in_(sources))


def _is_older_than(session: Session, event_id: str) -> ColumnElement[bool]:
    received_at = session.scalar(select(Event.received_at).where(Event.id == event_id))
    if received_at is None:
        raise NotFound(f"There is no event {event_id}.")
    return tuple_(Event.received_at, Event.id) < tuple_(
        literal(received_at, Event.received_at.type), literal(event_id)
    )


def unapplied_events(session: Session, sale: Sale) -> Sequence[Event]:
    """Unapplied events that name its order, oldest first, without bodies; they hold its commission."""
    event_ids = unapplied_event_ids(session)
    if not event_ids:
        return []
    unapplied = union(
        *(pairs.with_only_columns(Event.id).where(Sale.id == sale.id) for pairs in unapplied_by_sale())
    )
    events = select(Event).options(defer(Event.body, raiseload=True))
    events = events.where(Event.id.in_(select(unapplied.subquery().c.id)))
    events = events.order_by(Event.received_at, Event.id)
    return session.scalars(events, {"event_ids": event_ids}).all()
