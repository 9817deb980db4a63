"""Gauges of the jobs: how long each is overdue, and what waits for it."""

from collections.abc import Iterable
from datetime import UTC, datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from config.database import read_session
from payouts.jobs.latest import lateness_of, latest_runs
from payouts.monitoring.backlog import backlogs
from tracker.http.site import Site


class JobMetrics(Collector):
    """From the rows of the database, so any process can give them."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def collect(self) -> Iterable[Metric]:
        overdue = GaugeMetricFamily(
            "linkledger_job_overdue_seconds",
            "For how long the next run of a job should have begun; 0 while it is in time.",
            labels=["job"],
        )
        backlog = GaugeMetricFamily(
            "linkledger_job_backlog", "Rows that wait for a job; not counted beyond 100,000.", labels=["job"]
        )
        now = datetime.now(UTC)
        try:
            with read_session(self._site.databases.main) as session:
                for job, run in latest_runs(session, scheduled=True).items():
                    if (late := lateness_of(run, now)) is not None:
                        overdue.add_metric([job], late.overdue.total_seconds())
                for job, rows in backlogs(session, now).items():
                    backlog.add_metric([job], rows)
        except SQLAlchemyError:
            return []
        return [overdue, backlog]
