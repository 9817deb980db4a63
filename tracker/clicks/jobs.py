"""What the scheduler does for clicks. A door: each opens its own transactions, and says what it did."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Engine

from config.database import read_session, transact
from config.settings import Settings
from tracker.clicks.counting.partitions import create_partitions, default_partition_rows, is_partitioned
from tracker.clicks.counting.statistics import latest_counted_hour
from tracker.clicks.counting.totals_run import TotalsRun
from tracker.clicks.counting.visitor_keys import rotate_keys
from tracker.clicks.recording.spool_drainer import drain_orphans

CheckLease = Callable[[], object]

log = structlog.get_logger(__name__)


def count_clicks(clicks: Engine, now: datetime, check_lease: CheckLease, back: timedelta) -> dict[str, Any]:
    """`hours` whose totals were made: those no older than `back`, and all since the newest that is counted.

    So no hour is left out for good after a time without a scheduler: pages rely on it.
    """
    with read_session(clicks) as session:
        since = min(now - back, latest_counted_hour(session))
    return {"hours": TotalsRun(clicks, check_lease).count(since, now)}


def confirm_clicks(clicks: Engine, check_lease: CheckLease, credited: Sequence[UUID]) -> dict[str, Any]:
    """Confirm prerenders to which sales were credited. `confirmed`: number of new ones."""
    return {"confirmed": TotalsRun(clicks, check_lease).confirm(credited, "a sale was credited to it")}


def prune_clicks(clicks: Engine, now: datetime, check_lease: CheckLease, keep: timedelta) -> dict[str, Any]:
    """First count whatever came late, however old."""
    run = TotalsRun(clicks, check_lease)
    return {"hours": run.count(now - keep, now), **run.prune(now - keep)}


def partition_clicks(clicks: Engine, now: datetime) -> dict[str, Any]:
    """Make the months to come. `outside`: clicks that no month has, which is an alarm."""
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
    """Where no process serves, nobody else looks for what the dead left. `drained`: so many clicks."""
    return {"drained": drain_orphans(settings.spool_folder, settings.clicks_url)}


def renew_visitor_keys(home: Path) -> dict[str, Any]:
    """Uses the real time: jobs that run with --as-of must not destroy a key in use."""
    return {"destroyed": rotate_keys(home, datetime.now(UTC))}
