"""Steps that compute hourly totals from clicks. Each is short, so that it does not delay redirects."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from config.insert import insert_into
from tracker.clicks.counting.visits import (
    REPEAT_WITHIN,
    TOTAL_COLUMNS,
    ClickSpan,
    Doubt,
    Row,
    hour_of,
    visitor_spans,
)
from tracker.clicks.models import Click, ClickConfirmation, ClickDoubt, ClickHour, ClickTotal, ClickVisitor
from tracker.ids import uuid_lower_bound, uuid_time

HOUR = timedelta(hours=1)
PAGE_ROWS = 1000
_SLICE_ROWS = 20_000


class Page(NamedTuple):
    """Clicks in the order of their ids, and the known spans of all visitor hashes in them."""

    rows: list[Row]
    spans: dict[str, ClickSpan]


def next_hour(session: Session, start: datetime) -> datetime | None:
    """The first hour with clicks at or after `start`; one lookup in the primary key."""
    first = select(Click.id).where(Click.id >= uuid_lower_bound(start)).order_by(Click.id).limit(1)
    found = session.scalar(first)
    return None if found is None else hour_of(uuid_time(found))


class CountedHour(NamedTuple):
    """`rows`: how many rows its totals were computed from. `closed`: they no longer change."""

    rows: int
    stale: bool
    closed: bool


class SpanCount(NamedTuple):
    """How many clicks and confirmations the totals of a span were computed from.

    `stale`: some of its hours must be recounted.
    """

    rows: int
    stale: bool


def span_count(session: Session, start: datetime, end: datetime) -> SpanCount:
    """Only for hours that are not closed: closed ones are never recounted."""
    numbers = session.scalars(
        select(ClickHour.counted).where(ClickHour.hour >= start, ClickHour.hour < end)
    ).all()
    return SpanCount(sum(map(_row_count, numbers)), any(each < 0 for each in numbers))


def is_closed(session: Session, hour: datetime) -> bool:
    return bool(session.scalar(select(ClickHour.closed).where(ClickHour.hour == hour)))


def counted_hours(session: Session, start: datetime, end: datetime) -> dict[datetime, CountedHour]:
    """Hours of the span that are counted or closed."""
    columns = select(ClickHour.hour, ClickHour.counted, ClickHour.closed)
    found = session.execute(columns.where(ClickHour.hour >= start, ClickHour.hour < end))
    return {hour: CountedHour(_row_count(number), number < 0, closed) for hour, number, closed in found}


def _row_count(counted: int) -> int:
    """The number of rows in a stored `counted`; it is the complement (negative) when stale."""
    return max(counted, ~counted)


def rows_between(session: Session, start: datetime, end: datetime) -> int:
    """Number of clicks plus number of confirmations."""
    first, last = uuid_lower_bound(start), uuid_lower_bound(end)
    return sum(
        session.scalar(select(func.count()).select_from(model).where(key >= first, key < last)) or 0
        for model, key in ((Click, Click.id), (ClickConfirmation, ClickConfirmation.click_id))
    )


def slices(start: datetime, end: datetime, expected_rows: int) -> list[tuple[datetime, datetime]]:
    """Divide a span into parts with so few rows that counting one part takes milliseconds."""
    number = next(n for n in (1, 24, 1440, 86_400) if expected_rows <= n * _SLICE_ROWS or n == 86_400)
    bounds = [start + (end - start) * part // number for part in range(number + 1)]
    return list(zip(bounds, bounds[1:], strict=False))


def read_page(session: Session, hour: datetime, after: UUID | None) -> Page:
    """The next clicks of the hour. Stores their visitor hashes and returns all that is known of these."""
    rows = _page(session, after or _id_before(hour), hour + HOUR)
    return Page(rows, update_visitors(session, rows))


def read_all(session: Session, start: datetime, end: datetime) -> list[Row]:
    """All clicks of a span that has fewer than PAGE_ROWS."""
    return _page(session, _id_before(start), end)


def update_visitors(session: Session, rows: Sequence[Row]) -> dict[str, ClickSpan]:
    """Store the visitor hashes of these clicks and return their spans."""
    _upsert_visitors(session, rows)
    return _load_visitors(session, rows)


def _id_before(hour: datetime) -> UUID:
    """The largest possible id before the hour."""
    return UUID(int=uuid_lower_bound(hour).int - 1)


def _page(session: Session, after: UUID, end: datetime) -> list[Row]:
    columns = (Click.id, Click.link_id, Click.verdict, Click.visitor, Click.visitor_before, Click.network)
    within = Click.id > after, Click.id < uuid_lower_bound(end)
    page = select(*columns).where(*within).order_by(Click.id).limit(PAGE_ROWS)
    rows = [Row(*row) for row in session.execute(page)]
    if not rows:
        return rows
    between = ClickConfirmation.click_id.between(rows[0].id, rows[-1].id)
    confirmed = set(session.scalars(select(ClickConfirmation.click_id).where(between)))
    return [row._replace(confirmed=True) if row.id in confirmed else row for row in rows]


def confirm(session: Session, click_ids: Sequence[UUID], reason: str) -> int:
    """Store that prerenders were shown. Returns how many confirmations are new.

    Ids of other clicks and of clicks that are not in the database (yet) change nothing.
    """
    unconfirmed = session.scalars(
        select(Click.id).where(Click.id.in_(click_ids), Click.verdict == "unconfirmed")
    ).all()
    if not unconfirmed:
        return 0
    rows = [{"click_id": each, "reason": reason} for each in unconfirmed]
    statement = insert_into(ClickConfirmation, session).values(rows).on_conflict_do_nothing()
    return len(session.scalars(statement.returning(ClickConfirmation.click_id)).all())


def _upsert_visitors(session: Session, rows: Sequence[Row]) -> None:
    """Add the visitor hashes of these clicks. The order of arrival does not matter."""
    found = visitor_spans(rows)
    if not found:
        return
    values = [
        {
            "visitor": visitor_hash,
            "day": uuid_time(span.first_id).date().isoformat(),
            "first_id": span.first_id,
            "last_id": span.last_id,
        }
        for visitor_hash, span in sorted(found.items())
    ]
    on_postgres = session.get_bind().dialect.name == "postgresql"
    lower, higher = (func.least, func.greatest) if on_postgres else (func.min, func.max)
    statement = insert_into(ClickVisitor, session)
    new = statement.excluded
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["visitor"],
            set_={
                "first_id": lower(ClickVisitor.first_id, new.first_id),
                "last_id": higher(ClickVisitor.last_id, new.last_id),
            },
        ),
        values,
    )


def _load_visitors(session: Session, rows: Sequence[Row]) -> dict[str, ClickSpan]:
    wanted = {
        visitor_hash
        for row in rows
        for visitor_hash in (row.visitor, row.visitor_before)
        if visitor_hash is not None
    }
    known = select(ClickVisitor.visitor, ClickVisitor.first_id, ClickVisitor.last_id)
    found = session.execute(known.where(ClickVisitor.visitor.in_(wanted))) if wanted else ()
    return {visitor_hash: ClickSpan(first_id, last_id) for visitor_hash, first_id, last_id in found}


def write_doubts(session: Session, rows: Sequence[Row], doubts: Mapping[UUID, Doubt]) -> None:
    """Replace the stored doubts about these clicks, which are in the order of their ids."""
    if not rows:
        return
    decided = {row.id for row in rows}
    known = select(ClickDoubt.click_id, ClickDoubt.kind, ClickDoubt.reason)
    within = known.where(ClickDoubt.click_id >= rows[0].id, ClickDoubt.click_id <= rows[-1].id)
    former = {each: Doubt(kind, reason) for each, kind, reason in session.execute(within) if each in decided}
    removed = [each for each in former if former[each] != doubts.get(each)]
    if removed:
        session.execute(delete(ClickDoubt).where(ClickDoubt.click_id.in_(removed)))
    new = [
        {"click_id": each, "kind": doubt.kind, "reason": doubt.reason}
        for each, doubt in doubts.items()
        if former.get(each) != doubt
    ]
    if new:
        session.execute(insert(ClickDoubt), new)


def write_totals(session: Session, totals: Iterable[tuple[datetime, UUID, Counter[str]]]) -> None:
    """Insert or replace totals of hours and links."""
    values = [
        {"link_id": link_id, "hour": hour, **{name: counts[name] for name in TOTAL_COLUMNS}}
        for hour, link_id, counts in totals
    ]
    if not values:
        return
    statement = insert_into(ClickTotal, session)
    changed = {name: statement.excluded[name] for name in TOTAL_COLUMNS}
    session.execute(statement.on_conflict_do_update(index_elements=["link_id", "hour"], set_=changed), values)


def finish_hours(session: Session, row_counts: Mapping[datetime, int], changed: Sequence[datetime]) -> None:
    """Mark the hours of `row_counts` as counted, with the number of rows of each. All lie within a day.

    In the 24 hours after a `changed` hour, clicks may be repeats of new clicks: those hours become stale
    unless they are in `row_counts`. A stale hour keeps its number of rows as the complement (~n < 0).
    Each count gets the next number of `changes`, by which days and facets know that they are out of date.
    """
    if changed:
        later = ClickHour.hour > min(changed), ClickHour.hour <= max(changed) + REPEAT_WITHIN
        stale = update(ClickHour).where(*later, ~ClickHour.closed, ClickHour.counted >= 0)
        session.execute(stale.values(counted=-1 - ClickHour.counted))
    if row_counts:
        new = {"closed": False, "changes": 1}
        values = [{"hour": hour, "counted": rows, **new} for hour, rows in row_counts.items()]
        statement = insert_into(ClickHour, session)
        counted = {"counted": statement.excluded.counted, "changes": ClickHour.changes + 1}
        session.execute(statement.on_conflict_do_update(index_elements=["hour"], set_=counted), values)


def link_totals(session: Session, link_id: UUID) -> Sequence[ClickTotal]:
    """Totals of a link by hour, oldest first."""
    return session.scalars(
        select(ClickTotal).where(ClickTotal.link_id == link_id).order_by(ClickTotal.hour)
    ).all()
