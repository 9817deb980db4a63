"""The totals of an hour with few clicks in one short transaction: most hours of most brands are so."""

from datetime import datetime

from sqlalchemy.orm import Session

from tracker.clicks import totals
from tracker.clicks.counting import HourCount

ROWS = 200


def count_hour(session: Session, hour: datetime, *, changed: bool) -> bool:
    """False, and nothing that counts is written, when there are more clicks than a few by now."""
    page = totals.read_page(session, hour, None)
    if len(page.rows) > min(ROWS, totals.PAGE_ROWS - 1):
        return False
    count = HourCount()
    doubts = count.add(page.rows, page.seen)
    if page.rows:
        totals.write_doubts(session, page.rows[0].id, page.rows[-1].id, doubts)
        totals.write_totals(session, hour, sorted(count.totals.items()))
    totals.finish_hour(session, hour, count.rows, changed=changed)
    return True
