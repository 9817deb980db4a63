"""Jobs about clicks. Entry points: each opens its own transactions and returns what the scheduler stores."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Engine

from config.database import Databases, read_session, transact
from config.settings import Settings
from tracker.clicks.counting.days_job import DaysRun
from tracker.clicks.counting.partitions import create_partitions, default_partition_rows, is_partitioned
from tracker.clicks.counting.statistics import latest_counted_hour
from tracker.clicks.counting.totals_job import TotalsRun
from tracker.clicks.counting.visitor_keys import rotate_keys
from tracker.clicks.recording.spool_drainer import drain_orphans

CheckLease = Callable[[], object]

log = structlog.get_logger(__name__)


def count_clicks(
    clicks: Engine, now: datetime, check_lease: CheckLease, look_back: timedelta
) -> dict[str, Any]:
    """Compute the totals of changed hours within `look_back` and of every hour since the latest counted one.

    After a pause of the scheduler no hour stays uncounted; pages rely on that. Result: `hours`, how many
    hours were counted.
    """
    with read_session(clicks) as session:
        since = min(now - look_back, latest_counted_hour(session))
    return {"hours": TotalsRun(clicks, check_lease).count(since, now)}


def sum_up_days(databases: Databases, check_lease: CheckLease) -> dict[str, Any]:
    """Compute the visits of the days whose hours were counted again. Result: `days`, how many."""
    return {"days": DaysRun(databases, check_lease).sum_up()}


def count_facets(databases: Databases, check_lease: CheckLease) -> dict[str, Any]:
    """Compute referrers, countries and devices of the days whose hours were counted again. Result: `days`."""
    return {"days": DaysRun(databases, check_lease).count_facets()}


def confirm_clicks(clicks: Engine, check_lease: CheckLease, credited: Sequence[UUID]) -> dict[str, Any]:
    """A sale that is credited to a prerender confirms it. Result: `confirmed`, how many are new."""
    return {"confirmed": TotalsRun(clicks, check_lease).confirm(credited, "a sale was credited to it")}


def prune_clicks(
    databases: Databases, now: datetime, check_lease: CheckLease, retention: timedelta
) -> dict[str, Any]:
    """Delete clicks older than `retention`, after counting those that were recorded late."""
    run = TotalsRun(databases.clicks, check_lease)
    hours = run.count(now - retention, now)
    count_facets(databases, check_lease)  # they can be computed as long as the clicks are there
    return {"hours": hours, **run.prune(now - retention)}


def partition_clicks(clicks: Engine, now: datetime) -> dict[str, Any]:
    """Create the partitions of the next months. `outside`: clicks without one; above 0 is an alarm."""
    with read_session(clicks) as session:
        if not is_partitioned(session):
            return {}
    made = transact(clicks, partial(create_partitions, now=now))
    with read_session(clicks) as session:
        outside = default_partition_rows(session)
    if outside:
        log.error("clicks outside every month's partition", clicks=outside)
    return {"made": made, "outside": outside}


def drain_spools(settings: Settings) -> dict[str, Any]:
    """Drain the spools of processes that ended. Result: `drained`, how many clicks.

    A serving process does this too; the job covers installations where none runs.
    """
    return {"drained": drain_orphans(settings.spool_folder, settings.clicks_url)}


def renew_visitor_keys(home: Path) -> dict[str, Any]:
    """Create and destroy keys by the real time: a job with --as-of must not destroy a key in use."""
    return {"destroyed": rotate_keys(home, datetime.now(UTC))}
