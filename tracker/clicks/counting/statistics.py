"""What pages say of links: hourly totals, and the clicks that came since the newest of them.

So a page reads as many rows as links have hours, never all clicks, and still shows the click of a minute ago.
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
    """By link, how often each of EVERY_FIGURE; only `persons` are visits. `since` is a full hour.

    Repeats of the current hour count as persons until the totals job has run.
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
    """The newest hour that has totals and may get more clicks; every hour before it is counted."""
    newest = session.scalar(select(ClickHour).order_by(ClickHour.hour.desc()).limit(1))
    if newest is None:
        return EPOCH
    return newest.hour + HOUR if newest.closed else newest.hour
