"""Computes the totals of a span with few clicks, the usual case, in one short transaction."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sqlalchemy.orm import Session

from tracker.clicks.counting import hourly_totals as totals
from tracker.clicks.counting.hourly_totals import CountedHour
from tracker.clicks.counting.visits import REPEAT_WITHIN, Doubt, HourCount, Row, hour_of
from tracker.ids import uuid_time

MAX_ROWS = 200


def count_small_span(session: Session, start: datetime, end: datetime) -> int | None:
    """Count the changed hours of a span of at most a day. Returns how many.

    Returns None, and writes nothing, when the span has too many clicks. All hours are read and written
    together, with about twenty statements.
    """
    if totals.rows_between(session, start, end) > min(MAX_ROWS, totals.PAGE_ROWS - 1):
        return None
    clicks = totals.read_all(session, start, end)
    by_hour = {hour: list(rows) for hour, rows in groupby(clicks, lambda row: hour_of(uuid_time(row.id)))}
    due = dict(_due_hours(by_hour, totals.counted_hours(session, start, end)))
    if not due:
        return 0
    rows = [row for hour in due for row in by_hour[hour]]
    spans = totals.update_visitors(session, rows)
    counts = {hour: HourCount() for hour in due}
    doubts: dict[UUID, Doubt] = {}
    for hour, count in counts.items():
        doubts |= count.add(by_hour[hour], spans)
    totals.write_doubts(session, rows, doubts)
    hourly_totals = [
        (hour, *total) for hour, count in counts.items() for total in sorted(count.totals.items())
    ]
    totals.write_totals(session, hourly_totals)
    row_counts = {hour: count.rows for hour, count in counts.items()}
    totals.finish_hours(session, row_counts, [hour for hour, changed in due.items() if changed])
    return len(due)


def _due_hours(
    clicks: Mapping[datetime, list[Row]], counted: Mapping[datetime, CountedHour]
) -> Iterator[tuple[datetime, bool]]:
    """Hours to count, earliest first, and whether their clicks changed. A change makes later hours stale."""
    last_change = None
    for hour, rows in clicks.items():
        former = counted.get(hour)
        if former is not None and former.closed:
            continue
        changed = former is None or former.rows != sum(1 + row.confirmed for row in rows)
        if changed:
            last_change = hour
        after_change = last_change is not None and hour - last_change <= REPEAT_WITHIN
        if changed or after_change or (former is not None and former.stale):
            yield hour, changed
