"""Which days of which brands are due, from the hours that were counted since their days were computed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from sqlalchemy import ColumnElement, Table, and_, bindparam, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from tracker.clicks.models import ClickHour
from tracker.people.accounts.brand_rules import BrandRules, Calendar
from tracker.people.accounts.days import day_of, spans_of_day

HOUR = timedelta(hours=1)


class DueHour(NamedTuple):
    """`changes`: the number of the count that the days shall take into account."""

    hour: datetime
    changes: int
    closed: bool


class DueDay(NamedTuple):
    """A day of brands that have the same calendars, the hours that begin on it, and those that are due."""

    day: str
    brand_ids: Sequence[str]
    spans: Sequence[tuple[datetime, datetime]]
    hours: Sequence[DueHour]


def due_hours(session: Session, column: str) -> list[DueHour]:
    """Hours whose last count is not taken into account; `column` is "summed" or "faceted".

    Reads all hours: a year has 8,760 of them.
    """
    taken: InstrumentedAttribute[int | None] = getattr(ClickHour, column)
    due = select(ClickHour.hour, ClickHour.changes, ClickHour.closed).where(
        or_(taken.is_(None), taken != ClickHour.changes)
    )
    return [DueHour(*row) for row in session.execute(due.order_by(ClickHour.hour))]


def due_days(hours: Iterable[DueHour], rules: Mapping[str, BrandRules]) -> Iterator[DueDay]:
    """Each day of a brand that contains a due hour, oldest first for each calendar. `rules` are by brand."""
    same: dict[tuple[Calendar, ...], list[str]] = {}
    for brand_id, own in rules.items():
        same.setdefault(tuple(own.calendars), []).append(brand_id)
    due = list(hours)
    for brand_ids in same.values():
        of_brands = rules[brand_ids[0]]
        by_day: dict[str, list[DueHour]] = {}
        for each in due:
            by_day.setdefault(day_of(of_brands, each.hour), []).append(each)
        for day, of_day in sorted(by_day.items()):
            spans = [(_full_hour(start), _full_hour(end)) for start, end in spans_of_day(of_brands, day)]
            yield DueDay(day, brand_ids, spans, of_day)


def within(
    column: InstrumentedAttribute[datetime], spans: Sequence[tuple[datetime, datetime]]
) -> ColumnElement[bool]:
    return or_(*(and_(column >= start, column < end) for start, end in spans))


def hours_of(session: Session, day: DueDay) -> dict[datetime, tuple[int, bool]]:
    """The counted hours of the day as they are now: number of the count, and whether it is closed."""
    rows = session.execute(
        select(ClickHour.hour, ClickHour.changes, ClickHour.closed).where(within(ClickHour.hour, day.spans))
    )
    return {hour: (changes, closed) for hour, changes, closed in rows}


def mark(session: Session, column: str, hours: Sequence[DueHour]) -> None:
    """Store that the days take these counts into account; one that was counted or closed since stays due."""
    if hours:
        same = (ClickHour.changes == bindparam("seen"), ClickHour.closed == bindparam("was_closed"))
        marked = update(cast(Table, ClickHour.__table__)).where(ClickHour.hour == bindparam("at"), *same)
        values = [{"at": each.hour, "seen": each.changes, "was_closed": each.closed} for each in hours]
        session.execute(marked.values({column: bindparam("seen")}), values)


def forget_days(session: Session) -> None:
    """Make every hour due whose clicks are kept, after a restore.

    A backup reads the tables of clicks one after the other: its days may be older than its hours.
    """
    session.execute(update(ClickHour).where(~ClickHour.closed).values(summed=None, faceted=None))


def _full_hour(at: datetime) -> datetime:
    """The first full hour at or after `at`: where a zone is off by half an hour, days begin at hours."""
    full = at.replace(minute=0, second=0, microsecond=0)
    return full if full == at else full + HOUR
