"""The totals of a span with few clicks in one short transaction: most days of most brands are so."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sqlalchemy.orm import Session

from tracker.clicks.counting import totals
from tracker.clicks.counting.totals import MadeHour
from tracker.clicks.counting.visits import REPEAT_WITHIN, Doubt, HourCount, Row, hour_of
from tracker.ids import uuid_time

ROWS = 200


def count_small_span(session: Session, start: datetime, end: datetime) -> int | None:
    """How many hours of a day at most were made; None, and nothing is written, when there are more clicks
    than a few. All its hours are read and written together: there are twenty statements, or none.
    """
    if totals.rows_between(session, start, end) > min(ROWS, totals.PAGE_ROWS - 1):
        return None
    clicks = totals.read_all(session, start, end)
    by_hour = {hour: list(rows) for hour, rows in groupby(clicks, lambda row: hour_of(uuid_time(row.id)))}
    due = dict(_due(by_hour, totals.made_hours(session, start, end)))
    if not due:
        return 0
    rows = [row for hour in due for row in by_hour[hour]]
    seen = totals.update_visitors(session, rows)
    counts = {hour: HourCount() for hour in due}
    doubts: dict[UUID, Doubt] = {}
    for hour, count in counts.items():
        doubts |= count.add(by_hour[hour], seen)
    totals.write_doubts(session, rows, doubts)
    figures = [(hour, *total) for hour, count in counts.items() for total in sorted(count.totals.items())]
    totals.write_totals(session, figures)
    made = {hour: count.rows for hour, count in counts.items()}
    totals.finish_hours(session, made, [hour for hour, changed in due.items() if changed])
    return len(due)


def _due(
    clicks: Mapping[datetime, list[Row]], made: Mapping[datetime, MadeHour]
) -> Iterator[tuple[datetime, bool]]:
    """Hours to make, the earliest first, and whether their clicks changed. What changed makes later stale."""
    last_change = None
    for hour, rows in clicks.items():
        former = made.get(hour)
        if former is not None and former.closed:
            continue
        changed = former is None or former.rows != sum(1 + row.confirmed for row in rows)
        if changed:
            last_change = hour
        after_change = last_change is not None and hour - last_change <= REPEAT_WITHIN
        if changed or after_change or (former is not None and former.stale):
            yield hour, changed
