"""Metrics of all processes together, for callers on this machine or with the token."""

import re
from dataclasses import replace
from datetime import datetime

import pytest
from werkzeug.test import TestResponse

from config.database import Databases
from config.settings import Settings
from tests.cast.people import Cast
from tests.harness.processes.server import running_server, wait_until_ready
from tests.tracker.clicks.entry_points import BROWSER, make_link
from tests.tracker.conftest import cast as cast
from tests.tracker.conftest import database_seed as database_seed
from wsgi import create_app

TOKEN = "a token for metrics, long enough"
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])


def get_metrics(settings: Settings, peer: str, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    client = create_app(settings).test_client()
    return client.get("/metrics", headers=named, environ_base={"REMOTE_ADDR": peer})


def test_metrics_are_readable_from_localhost(settings: Settings) -> None:
    response = get_metrics(settings, "127.0.0.1")
    assert response.status_code == 200
    assert response.content_type.startswith("text/plain")
    assert "linkledger_unrecorded_clicks_total" in response.text
    assert "linkledger_clicks_outside_partitions 0.0" in response.text


@SQLITE
@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("203.0.113.9", {}),
        ("203.0.113.9", {"X_Forwarded_For": "127.0.0.1"}),
        ("127.0.0.1", {"X_Forwarded_For": "127.0.0.1"}),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}),
        ("203.0.113.9", {"Authorization": "Bearer "}),
        ("203.0.113.9", {"Authorization": "Bearer wrong"}),
        ("", {}),
    ],
)
def test_metrics_are_404_for_everyone_else(settings: Settings, peer: str, headers: dict[str, str]) -> None:
    assert get_metrics(settings, peer, **headers).status_code == 404
    assert get_metrics(with_token(settings), peer, **headers).status_code == 404


@SQLITE
def test_metrics_are_readable_with_the_token(settings: Settings) -> None:
    response = get_metrics(with_token(settings), "203.0.113.9", Authorization=f"Bearer {TOKEN}")
    assert response.status_code == 200


def with_token(settings: Settings) -> Settings:
    return settings.model_copy(update={"metrics_token": TOKEN})


@SQLITE
def test_metrics_sum_all_workers_and_reset_on_restart(settings: Settings) -> None:
    for _ in range(2):
        with running_server(settings, "--only", "web") as server:
            for _ in range(12):
                assert server.get("/nobody").status == 404
            body = server.get("/metrics").body.decode()
            assert re.search(r'^linkledger_answers_total\{status="404"\} 12\.0$', body, re.MULTILINE)
            assert re.search(r'^linkledger_unknown_codes_total\{why="unknown"\} 12\.0$', body, re.MULTILINE)


@SQLITE
def test_metrics_include_the_edge_process(
    settings: Settings, databases: Databases, cast: Cast, now: datetime
) -> None:
    make_link(databases, cast, now)
    with running_server(settings.model_copy(update={"spool_mb": 1})) as server:
        edge = replace(server, url=server.settings.link_url)
        wait_until_ready(edge)
        for entry_point in (edge, edge, edge, server):
            assert entry_point.get("/anna", **{"User-Agent": BROWSER}).status == 302
        lines = server.get("/metrics").body.decode().splitlines()
    values = {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}
    assert values['linkledger_answers_total{status="302"}'] == 4
    assert values['linkledger_redirects_total{verdict="person"}'] == 4
    assert values["linkledger_unrecorded_clicks_total"] == 0
    assert values["linkledger_click_batch_clicks_sum"] + values["linkledger_spooled_clicks_total"] >= 4
    assert values["linkledger_click_commit_seconds_count"] == values["linkledger_click_batch_clicks_count"]
    lookups = [value for name, value in values.items() if name.startswith("linkledger_link_lookups_total")]
    assert sum(lookups) >= 4
    assert (values["linkledger_spool_bytes"], values["linkledger_spool_age_seconds"]) == (0, 0)
