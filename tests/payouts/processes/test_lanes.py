"""Lanes: jobs of one run in order, jobs of two beside each other. What a run says about itself."""

import time
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select

from config.database import Databases, read_session
from config.settings import Settings
from payouts.jobs.context import JobContext
from payouts.jobs.models import JobRun
from payouts.processes.job_table import HOUR, JOBS, Job, Lane, run_all_jobs, tick
from payouts.processes.scheduler import scheduler_of
from tests.harness.waiting import TIMEOUT_S, wait_until
from tests.payouts.processes.test_job_table import only, runs


def test_a_lane_runs_only_its_own_jobs_in_their_order(
    databases: Databases, settings: Settings, now: datetime
) -> None:
    done = [list(tick(databases, settings, now, lane)) for lane in Lane]
    assert done == [[job.name for job in JOBS if job.lane is lane] for lane in Lane]
    assert tick(databases, settings, now) == {}


def test_a_long_job_delays_no_job_of_another_lane(
    databases: Databases, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran, started = Event(), Event()

    def wait_for_the_other(_context: JobContext) -> dict[str, Any]:
        started.set()
        return {"other": ran.wait(TIMEOUT_S)}

    def run_beside(_context: JobContext) -> dict[str, Any]:
        ran.set()
        return {}

    only(
        monkeypatch,
        Job("long", timedelta(days=1000), wait_for_the_other, Lane.CHECKS),
        Job("short", timedelta(days=1000), run_beside, Lane.BOOKS),
    )
    scheduler = scheduler_of(databases, settings)
    scheduler.start()
    wait_until(started.is_set)
    wait_until(lambda: runs(databases) == {"long": ["done"], "short": ["done"]})
    scheduler.shutdown(wait=True)
    with read_session(databases.main) as session:
        assert session.scalar(select(JobRun.result).where(JobRun.job == "long")) == {"other": True}


def test_a_run_says_when_it_was_due_when_it_ran_and_what_it_cost(
    databases: Databases, settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(context: JobContext) -> dict[str, Any]:
        until_s = time.thread_time() + 0.02
        wait_until(lambda: time.thread_time() > until_s or not sum(range(100_000)))
        context.repeat(lambda *_, brand_id: 7 if not context.rows_done else 0, 100, "brd_1")
        return {}

    only(monkeypatch, Job("first", HOUR, work))
    late = now + timedelta(minutes=7)
    tick(databases, settings, late)
    run_all_jobs(databases, settings, late + timedelta(minutes=1))
    with read_session(databases.main) as session:
        scheduled, by_hand = session.scalars(select(JobRun).order_by(JobRun.started_at)).all()
    assert (scheduled.due_at, scheduled.every_s) == (now, 3600)
    assert scheduled.finished_at is not None
    assert late <= scheduled.started_at < scheduled.finished_at
    assert scheduled.cpu_ms is not None
    assert scheduled.cpu_ms >= 20
    assert scheduled.rows_done == 7
    assert (by_hand.due_at, by_hand.every_s, by_hand.rows_done) == (None, None, 7)
