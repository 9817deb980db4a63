"""Statistics of links for pages: hourly totals plus the clicks since the latest total.

So a page reads one row for each hour of a link, never all clicks, and still includes the latest clicks.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tracker.clicks.counting.visits import COLUMN_BY_DOUBT, COLUMN_BY_VERDICT, TOTAL_COLUMNS
from tracker.clicks.models import Click, ClickDoubt, ClickHour, ClickTotal
from tracker.ids import uuid_lower_bound

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
_NAMES = COLUMN_BY_VERDICT | COLUMN_BY_DOUBT


def link_statistics(
    session: Session, links: Sequence[UUID], since: datetime = EPOCH
) -> dict[UUID, Counter[str]]:
    """By link, the number of clicks for each of TOTAL_COLUMNS; only `persons` are visits.

    `since` is a full hour. Repeats in hours without totals count as persons until the totals job has run.
    """
    newest = latest_counted_hour(session)
    found: dict[UUID, Counter[str]] = defaultdict(Counter)
    sums = [func.sum(getattr(ClickTotal, name)) for name in TOTAL_COLUMNS]
    totals = (
        select(ClickTotal.link_id, *sums)
        .where(ClickTotal.link_id.in_(links), ClickTotal.hour >= since, ClickTotal.hour < newest)
        .group_by(ClickTotal.link_id)
    )
    for link_id, *numbers in session.execute(totals):
        found[link_id].update(dict(zip(TOTAL_COLUMNS, map(int, numbers), strict=True)))
    kind = func.coalesce(ClickDoubt.kind, Click.verdict)
    uncounted = (
        select(Click.link_id, kind, func.count())
        .join(ClickDoubt, ClickDoubt.click_id == Click.id, isouter=True)
        .where(Click.id >= uuid_lower_bound(max(newest, since)), Click.link_id.in_(links))
        .group_by(Click.link_id, kind)
    )
    for link_id, name, number in session.execute(uncounted):
        found[link_id][_NAMES[name]] += number
    return found


def latest_counted_hour(session: Session) -> datetime:
    """Every hour before this one is counted; this one may get more clicks."""
    newest = session.scalar(select(ClickHour).order_by(ClickHour.hour.desc()).limit(1))
    if newest is None:
        return EPOCH
    return newest.hour + HOUR if newest.closed else newest.hour
