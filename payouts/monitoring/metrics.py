"""Figures for Prometheus, of all processes together; for this machine itself, or who has the token."""

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

from config.database import reading
from config.metrics import figure_files
from tracker.clicks.counting.partitions import is_partitioned, rows_outside
from tracker.http.proxy import DIRECT_LOOPBACK
from tracker.http.site import Site, site
from tracker.people.access.guards import public
from tracker.sales.health.statistics import last_event_times

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@public("answers direct callers on this machine, or who shows LINKLEDGER_METRICS_TOKEN")
def metrics() -> Response:
    if not (request.environ.get(DIRECT_LOOPBACK) or _has_token()):
        abort(404)
    registry = CollectorRegistry()
    files = figure_files()
    registry.register(_Shared(files) if files else _Own())
    registry.register(_Outside(site()))
    registry.register(_Silence(site()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _has_token() -> bool:
    token = site().settings.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())


class _Shared(Collector):
    """What all processes of all servers have counted since their server started."""

    def __init__(self, files: list[str]) -> None:
        self._files = files

    def collect(self) -> Iterable[Metric]:
        return list(MultiProcessCollector.merge(self._files))  # type: ignore[no-untyped-call]


class _Own(Collector):
    """Of this process alone, where no server shares figures."""

    def collect(self) -> Iterable[Metric]:
        return list(REGISTRY.collect())


class _Outside(Collector):
    """An alarm: more than 0 means that no partition was made for some month."""

    def __init__(self, here: Site) -> None:
        self._site = here

    def collect(self) -> Iterable[Metric]:
        gauge = GaugeMetricFamily(
            "linkledger_clicks_outside_partitions", "Clicks that no month's partition has (PostgreSQL)."
        )
        try:
            with reading(self._site.databases.clicks) as session:
                gauge.add_metric([], rows_outside(session) if is_partitioned(session) else 0)
        except SQLAlchemyError:
            return []  # the other figures say what is wrong; this one is unknown
        return [gauge]


class _Silence(Collector):
    """How long each source has been silent. What is too long `linkledger source health` knows."""

    def __init__(self, here: Site) -> None:
        self._site = here

    def collect(self) -> Iterable[Metric]:
        gauge = GaugeMetricFamily(
            "linkledger_source_last_event_age_seconds",
            "Since a source's last message; none of those that were deleted or have sent nothing.",
            labels=["source"],
        )
        now = datetime.now(UTC)
        try:
            with reading(self._site.databases.main) as session:
                for source_id, at in last_event_times(session):
                    gauge.add_metric([source_id], max((now - at).total_seconds(), 0))
        except SQLAlchemyError:
            return []
        return [gauge]
