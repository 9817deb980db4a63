"""/readyz reports whether the schema is current and the scheduler alive, with one query per request."""

from datetime import datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import event, text

from config.database import Databases
from config.settings import Settings
from payouts.jobs import heartbeat
from payouts.processes.job_table import JOBS, MINUTE, run_all_jobs, tick
from wsgi import create_app


@pytest.fixture
def client(settings: Settings, databases: Databases) -> FlaskClient:
    return create_app(settings).test_client()


def scheduler_at(client: FlaskClient, when: datetime) -> tuple[str, str | None]:
    with time_machine.travel(when, tick=False):
        body = client.get("/readyz").json
    assert body is not None
    return body["scheduler"]["state"], body["scheduler"]["last_run_at"]


def test_the_heartbeat_is_the_first_job_and_due_every_minute() -> None:
    assert (JOBS[0].name, JOBS[0].every) == (heartbeat.HEARTBEAT_JOB, MINUTE)


def test_scheduler_is_running_after_a_recent_run(
    client: FlaskClient, databases: Databases, settings: Settings, now: datetime
) -> None:
    assert scheduler_at(client, now) == ("silent", None)
    tick(databases, settings, now)
    at = "2026-10-01T10:00:00Z"
    assert scheduler_at(client, now + timedelta(minutes=4)) == ("running", at)
    assert scheduler_at(client, now + timedelta(minutes=6)) == ("silent", at)


def test_manual_runs_do_not_make_a_dead_scheduler_look_alive(
    client: FlaskClient, databases: Databases, settings: Settings, now: datetime
) -> None:
    run_all_jobs(databases, settings, now)
    assert scheduler_at(client, now) == ("silent", None)
    run_all_jobs(databases, settings, now, now + timedelta(days=2))
    assert scheduler_at(client, now + timedelta(minutes=1)) == ("silent", None)


def test_a_run_dated_in_the_future_does_not_change_the_scheduler_state(
    client: FlaskClient, databases: Databases, settings: Settings, now: datetime
) -> None:
    tick(databases, settings, now + timedelta(days=2))
    assert scheduler_at(client, now) == ("silent", None)
    tick(databases, settings, now)
    assert scheduler_at(client, now)[0] == "running"


def test_small_clock_skew_is_tolerated(
    client: FlaskClient, databases: Databases, settings: Settings, now: datetime
) -> None:
    tick(databases, settings, now + timedelta(seconds=20))
    assert scheduler_at(client, now)[0] == "running"


def test_schema_is_checked_at_most_once_a_minute(
    client: FlaskClient, databases: Databases, now: datetime
) -> None:
    with time_machine.travel(now, tick=False):
        assert client.get("/readyz").status_code == 200
    with databases.main.begin() as connection:
        connection.execute(text("update schema_main set version_num = 'other'"))
    with time_machine.travel(now + timedelta(seconds=59), tick=False):
        assert client.get("/readyz").status_code == 200
    with time_machine.travel(now + timedelta(seconds=61), tick=False):
        assert client.get("/readyz").json == {"status": "not ready", "reason": "SchemaMismatch"}


def test_readiness_takes_one_query(client: FlaskClient, now: datetime) -> None:
    statements: list[str] = []
    main = client.application.extensions["linkledger"].databases.main
    with time_machine.travel(now, tick=False):
        client.get("/readyz")
        event.listen(main, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
        client.get("/readyz")
    assert len([each for each in statements if each.lower().startswith("select")]) == 1
