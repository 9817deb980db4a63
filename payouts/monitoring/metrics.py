"""Prometheus metrics of all processes, for direct callers on this machine or with the metrics token."""

import hmac
from collections.abc import Iterable
from datetime import UTC, datetime

from flask import Blueprint, Response, abort, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector
from sqlalchemy.exc import SQLAlchemyError

from config.database import read_session
from config.metrics import metrics_files
from payouts.monitoring.job_metrics import JobMetrics
from tracker.clicks.counting.partitions import default_partition_rows, is_partitioned
from tracker.http.access import public
from tracker.http.proxy import DIRECT_LOOPBACK
from tracker.http.site import Site, site
from tracker.sales.health.statistics import last_event_times

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@public("answers only direct callers on this machine, or callers with LINKLEDGER_METRICS_TOKEN")
def metrics() -> Response:
    if not (request.environ.get(DIRECT_LOOPBACK) or _has_token()):
        abort(404)
    registry = CollectorRegistry()
    files = metrics_files()
    registry.register(_MultiprocessMetrics(files) if files else _ProcessMetrics())
    registry.register(_UnpartitionedClicks(site()))
    registry.register(_SourceAge(site()))
    registry.register(JobMetrics(site()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _has_token() -> bool:
    token = site().settings.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())


class _MultiprocessMetrics(Collector):
    """The counters of all processes of all servers, since each server started."""

    def __init__(self, files: list[str]) -> None:
        self._files = files

    def collect(self) -> Iterable[Metric]:
        return list(MultiProcessCollector.merge(self._files))  # type: ignore[no-untyped-call]


class _ProcessMetrics(Collector):
    """The metrics of this process alone, where no server shares metrics."""

    def collect(self) -> Iterable[Metric]:
        return list(REGISTRY.collect())


class _UnpartitionedClicks(Collector):
    """An alarm: if it is above 0, the partition of a month is missing."""

    def __init__(self, current_site: Site) -> None:
        self._site = current_site

    def collect(self) -> Iterable[Metric]:
        gauge = GaugeMetricFamily(
            "linkledger_clicks_outside_partitions", "Clicks that are in no monthly partition (PostgreSQL)."
        )
        try:
            with read_session(self._site.databases.clicks) as session:
                gauge.add_metric([], default_partition_rows(session) if is_partitioned(session) else 0)
        except SQLAlchemyError:
            return []  # unknown; other metrics show what is wrong
        return [gauge]


class _SourceAge(Collector):
    """How long each source has been silent. `linkledger source health` decides how long is too long."""

    def __init__(self, current_site: Site) -> None:
        self._site = current_site

    def collect(self) -> Iterable[Metric]:
        gauge = GaugeMetricFamily(
            "linkledger_source_last_event_age_seconds",
            "Time since a source's last message; without sources that are deleted or have sent nothing.",
            labels=["source"],
        )
        now = datetime.now(UTC)
        try:
            with read_session(self._site.databases.main) as session:
                for source_id, at in last_event_times(session):
                    gauge.add_metric([source_id], max((now - at).total_seconds(), 0))
        except SQLAlchemyError:
            return []
        return [gauge]
