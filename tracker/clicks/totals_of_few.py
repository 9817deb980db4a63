"""The totals of a span with few clicks in one short transaction: most days of most brands are so."""

from datetime import datetime

from sqlalchemy.orm import Session

from tracker.clicks import totals
from tracker.clicks.counting import HourCount
from tracker.clicks.totals import HOUR

ROWS = 200


def count_span(session: Session, start: datetime, end: datetime) -> int | None:
    """How many hours were made; None, and nothing is written, when there are more clicks than a few."""
    if totals.rows_between(session, start, end) > min(ROWS, totals.PAGE_ROWS - 1):
        return None
    made = 0
    hour = totals.next_hour(session, start)
    while hour is not None and hour < end:
        made += _count_if_changed(session, hour)
        hour = totals.next_hour(session, hour + HOUR)
    return made


def _count_if_changed(session: Session, hour: datetime) -> bool:
    if totals.is_closed(session, hour):
        return False
    before = totals.counted(session, hour, hour + HOUR)
    changed = before.rows != totals.rows_between(session, hour, hour + HOUR)
    if changed or before.stale:
        _count_hour(session, hour, changed=changed)
    return changed or before.stale


def _count_hour(session: Session, hour: datetime, *, changed: bool) -> None:
    page = totals.read_page(session, hour, None)
    count = HourCount()
    doubts = count.add(page.rows, page.seen)
    if page.rows:
        totals.write_doubts(session, page.rows[0].id, page.rows[-1].id, doubts)
        totals.write_totals(session, hour, sorted(count.totals.items()))
    totals.finish_hour(session, hour, count.rows, changed=changed)
