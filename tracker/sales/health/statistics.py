"""Reads the health of a source: its messages, its clock, and the numbers of its orders."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, func, select, union
from sqlalchemy.orm import Session

from tracker.ids import public_id, uuid_lower_bound
from tracker.sales.health.clocks import sent_at
from tracker.sales.health.numbering import Gap, Numbering, numbering, subtract_known
from tracker.sales.health.rules import (
    MIN_SILENCE_LIMIT,
    OBSERVATION_PERIOD,
    MessagePattern,
    Silence,
    Skew,
    silence,
    skew,
    usual_pause,
)
from tracker.sales.inbox.models import UNAPPLIED, Event
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.orders.models import OrderReference, Sale
from tracker.sales.sources.models import Source

Value = TypeVar("Value")

WEEK, MONTH = timedelta(days=7), timedelta(days=30)
SAMPLES = 25
"""The number of messages from which clock skew is measured; their bodies must be read."""

FETCH_SIZE = 5_000
NAMES_PER_QUERY = 500
MAX_LOOKUPS = 20_000
"""At most this many missing numbers are looked up in older messages."""


@dataclass(frozen=True)
class SourceHealth:
    """The health of one source. Without events, `first_event_at`, `last_event_at` and `silence` are None."""

    source: Source
    first_event_at: datetime | None
    last_event_at: datetime | None
    events_7_days: int
    events_30_days: int
    parked: int
    conflicts: int
    silence: Silence | None
    skew: Skew | None
    numbering: Numbering | None


def source_health(session: Session, now: datetime, source: Source) -> SourceHealth:
    """All health values of one source."""
    first_at, last_at = _first_and_last(session, source)
    unapplied = _unapplied_counts(session, source)
    return SourceHealth(
        source=source,
        first_event_at=first_at,
        last_event_at=last_at,
        events_7_days=_events_since(session, source, now - WEEK),
        events_30_days=_events_since(session, source, now - MONTH),
        parked=unapplied["parked"],
        conflicts=unapplied["conflict"],
        silence=_silence(session, now, source, first_at, last_at) if first_at and last_at else None,
        skew=_skew(session, now, source),
        numbering=_numbering(session, now, source),
    )


def silence_of(session: Session, now: datetime, source: Source) -> Silence | None:
    """Only how long the source has been silent; None without events, or when that is usual for any shop.

    A page may ask often: the messages of four weeks are read only after a silence that could be an alarm.
    """
    first_at, last_at = _first_and_last(session, source)
    if first_at is None or last_at is None or now - last_at <= MIN_SILENCE_LIMIT:
        return None
    return _silence(session, now, source, first_at, last_at)


def last_event_times(session: Session) -> list[tuple[str, datetime]]:
    """The time of the last event of each live source that has events, by source id."""
    last = select(func.max(Event.received_at)).where(Event.source_id == Source.id).scalar_subquery()
    rows = session.execute(select(Source.id, last).where(Source.deleted_at.is_(None)).order_by(Source.id))
    found: list[tuple[str, datetime | None]] = [(source_id, at) for source_id, at in rows]
    return [(source_id, at) for source_id, at in found if at is not None]


def _first_and_last(session: Session, source: Source) -> tuple[datetime | None, datetime | None]:
    """Two queries, because an index serves min and max separately."""
    of_source = Event.source_id == source.id
    first: datetime | None = session.scalar(select(func.min(Event.received_at)).where(of_source))
    last: datetime | None = session.scalar(select(func.max(Event.received_at)).where(of_source))
    return first, last


def _first_sale_id(since: datetime) -> str:
    """A lower bound of the ids of all sales that were booked at or after `since`: ids sort by time."""
    return public_id("sal", uuid_lower_bound(since))


def _unapplied_counts(session: Session, source: Source) -> Counter[str]:
    states = select(Event.state, func.count()).where(Event.source_id == source.id, Event.state.in_(UNAPPLIED))
    counts = Counter[str]()
    for state, number in session.execute(states.group_by(Event.state)):
        counts[state] = number
    return counts


def _events_since(session: Session, source: Source, since: datetime) -> int:
    query = select(func.count()).where(Event.source_id == source.id, Event.received_at >= since)
    return session.scalars(query).one()


def _silence(
    session: Session, now: datetime, source: Source, first_at: datetime, last_at: datetime
) -> Silence:
    if kind_of(source.kind).is_imported:
        return Silence(now - last_at, None, "its files are imported by a person")
    times = (
        select(Event.received_at)
        .where(Event.source_id == source.id, Event.received_at >= last_at - OBSERVATION_PERIOD)
        .order_by(Event.received_at)
    )
    messages, pause = usual_pause(_stream(session, times))
    return silence(MessagePattern(first_at, last_at, messages, pause), now)


def _skew(session: Session, now: datetime, source: Source) -> Skew | None:
    kind = kind_of(source.kind)
    if kind.is_imported:
        return None
    ahead = list(_clock_offsets(session, now, source))
    found = skew(ahead)
    if found is not None and kind.sent_time_field is None and found.ahead_s <= 0:
        return None  # a sale is always older than its report, which says nothing about a clock
    return found


def _clock_offsets(session: Session, now: datetime, source: Source) -> Iterator[timedelta]:
    """How far the times in the latest messages were ahead of their arrival, where they contain one."""
    if kind_of(source.kind).sent_time_field is not None:
        bodies = (
            select(Event.body, Event.received_at)
            .where(Event.source_id == source.id, Event.emptied_at.is_(None))
            .order_by(Event.received_at.desc())
            .limit(SAMPLES)
        )
        for body, received_at in session.execute(bodies):
            sent = sent_at(source.kind, body)
            if sent is not None:
                yield sent - received_at
        return
    sales = (
        select(Sale.occurred_at, Event.received_at)
        .join(Event, Event.id == Sale.event_id)
        .where(Event.source_id == source.id, Sale.id >= _first_sale_id(now - OBSERVATION_PERIOD))
        .order_by(Sale.id.desc())
        .limit(SAMPLES)
    )
    for occurred_at, received_at in session.execute(sales):
        yield occurred_at - received_at


def _numbering(session: Session, now: datetime, source: Source) -> Numbering | None:
    """From the order numbers that the shop sends as references, or else from its order ids."""
    mine = (
        Sale.brand_id == source.brand_id,
        Sale.namespace == source.namespace,
        Sale.id >= _first_sale_id(now - OBSERVATION_PERIOD),
    )
    references = select(OrderReference.reference).join(
        Sale,
        (OrderReference.brand_id == Sale.brand_id)
        & (OrderReference.namespace == Sale.namespace)
        & (OrderReference.order_id == Sale.order_id),
    )
    for column, query in ((OrderReference.reference, references), (Sale.order_id, select(Sale.order_id))):
        names = _stream(session, query.where(*mine).order_by(func.length(column), column))
        found = numbering(filter(kind_of(source.kind).is_order_number, names))
        if found is not None:
            return _with_gaps(found, list(_unreported_gaps(session, source, found)))
    return None


def _with_gaps(found: Numbering, gaps: Sequence[Gap]) -> Numbering:
    return Numbering(found.series, found.known, found.first, found.last, tuple(gaps))


def _unreported_gaps(session: Session, source: Source, found: Numbering) -> Iterator[Gap]:
    """The gaps without numbers of orders that were reported long ago or without a sale (never paid)."""
    looked_up = 0
    for gap in found.gaps:
        looked_up += gap.size
        if looked_up > MAX_LOOKUPS:
            yield gap
            continue
        known: list[int] = []
        numbers = iter(gap.numbers())
        while batch := list(islice(numbers, NAMES_PER_QUERY)):
            by_name = {found.series.name(number): number for number in batch}
            known += [by_name[name] for name in session.scalars(_reported_names(source, list(by_name)))]
        yield from subtract_known(gap, known)


def _reported_names(source: Source, names: Sequence[str]) -> Select[str]:
    """The names that occur in any message, sale or reference of the namespace."""

    def of_namespace(table: type[Sale] | type[OrderReference]) -> tuple[ColumnElement[bool], ...]:
        return table.brand_id == source.brand_id, table.namespace == source.namespace

    sources = select(Source.id).where(
        Source.brand_id == source.brand_id, Source.namespace == source.namespace
    )
    reported = union(
        select(Event.order_id).where(Event.source_id.in_(sources), Event.order_id.in_(names)),
        select(Sale.order_id).where(*of_namespace(Sale), Sale.order_id.in_(names)),
        select(OrderReference.reference).where(
            *of_namespace(OrderReference), OrderReference.reference.in_(names)
        ),
    ).subquery()
    return select(reported.c[0])


def _stream(session: Session, query: Select[Value]) -> Iterator[Value]:
    return iter(session.scalars(query, execution_options={"yield_per": FETCH_SIZE}))
