"""`linkledger jobs` and `/metrics` show how late each job is, and what waits for it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.settings import Settings
from payouts.processes import job_table
from payouts.processes.job_table import JOBS, MINUTE, Job, tick
from payouts.processes.jobs_command import jobs_command
from tests.cast.api import Terminal
from tests.cast.books import Books
from tests.payouts.commissions.test_order_of_events import deliver
from tests.payouts.monitoring.test_metrics import get_metrics
from tracker.errors import Fault

NOW = datetime.now(UTC).replace(second=0, microsecond=0)


def fail(_context: object) -> dict[str, Any]:
    raise Fault("the shop is closed")


@pytest.fixture
def terminal(books: Books) -> Terminal:
    return Terminal(books.settings, (jobs_command,))


def gauges(settings: Settings) -> dict[str, float]:
    lines = get_metrics(settings, "127.0.0.1").text.splitlines()
    rows = [line.rsplit(" ", 1) for line in lines if line.startswith("linkledger_job_")]
    return {name: float(value) for name, value in rows}


def by_name(values: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["job"]: each for each in values}


def test_every_job_of_the_table_is_listed_also_before_it_ran(terminal: Terminal) -> None:
    values = terminal.ask("jobs")
    assert [each["job"] for each in values] == [job.name for job in JOBS]
    assert {each["state"] for each in values} == {None}
    assert "accrue             never ran" in terminal.run("jobs").stdout


def test_a_job_shows_its_last_run_its_cost_its_lateness_and_its_error(
    books: Books, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = (Job("accrue", MINUTE, lambda _: {}), Job("adjust", MINUTE, fail))
    monkeypatch.setattr(job_table, "JOBS", jobs)
    began = NOW - timedelta(minutes=10)
    tick(books.databases, books.settings, began + timedelta(seconds=30))
    shown = by_name(terminal.ask("jobs"))
    assert (shown["accrue"]["state"], shown["accrue"]["started_by"]) == ("done", "schedule")
    assert 30 <= shown["accrue"]["began_late_s"] < 60
    assert shown["accrue"]["overdue_s"] >= 9 * 60
    assert (shown["accrue"]["rows_done"], shown["accrue"]["cpu_ms"] is not None) == (0, True)
    assert shown["accrue"]["took_s"] >= 0
    assert (shown["adjust"]["state"], shown["adjust"]["error"]) == ("failed", "the shop is closed")
    assert "    the shop is closed" in terminal.run("jobs").stdout
    assert gauges(books.settings)['linkledger_job_overdue_seconds{job="accrue"}'] >= 9 * 60


def test_a_job_in_time_is_not_overdue(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_table, "JOBS", [Job("accrue", timedelta(days=1000), lambda _: {})])
    tick(books.databases, books.settings, datetime.now(UTC))
    assert gauges(books.settings)['linkledger_job_overdue_seconds{job="accrue"}'] == 0


def test_what_waits_for_a_job_is_counted(books: Books, terminal: Terminal) -> None:
    assert set(gauges(books.settings).values()) == {0.0}
    before = by_name(terminal.ask("jobs"))["accrue"]["backlog"]
    sale = {"occurred_at": "10-01", "total": 100_00, "tax": 0, "shipping": 0, "discount": 0}
    deliver(books, "S1", ("sale.created", sale), "10-01")
    assert (before, by_name(terminal.ask("jobs"))["accrue"]["backlog"]) == (0, 1)
    assert gauges(books.settings)['linkledger_job_backlog{job="accrue"}'] == 1
    assert by_name(terminal.ask("jobs"))["prune-runs"]["backlog"] is None
