"""The job table: jobs read from the database what is due, so any number of schedulers do it only once."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.commissions.models import Commission
from payouts.jobs.claims import LEASE, claim
from payouts.jobs.context import JobContext
from payouts.jobs.models import JobRun
from payouts.ledger.calendar import Span
from payouts.ledger.models import Transaction
from payouts.ledger.periods import ensure_period
from payouts.processes import job_table
from payouts.processes.job_table import JOBS, Job, run_all_jobs, tick
from payouts.processes.statement_jobs import close_periods
from payouts.selfcheck.checks import self_check
from payouts.settlement.models import Payout
from payouts.statements.models import Statement
from tests.cast.books import Books, at
from tests.harness.processes.threads import run_concurrently
from tests.harness.waiting import wait_until
from tracker.errors import Fault, Invalid
from tracker.people.accounts.models import Brand
from tracker.people.accounts.operations import create_brand

NAMES = {job.name for job in JOBS}


def counts(databases: Databases) -> dict[str, int]:
    tables = (Commission, Transaction, Statement, Payout)
    with read_session(databases.main) as session:
        return {
            table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0
            for table in tables
        }


def runs(databases: Databases) -> dict[str, list[str]]:
    """The states of the runs, by job."""
    found: dict[str, list[str]] = {}
    with read_session(databases.main) as session:
        for run in session.scalars(select(JobRun).order_by(JobRun.started_at, JobRun.id)):
            found.setdefault(run.job, []).append(run.state)
    return found


def only(monkeypatch: pytest.MonkeyPatch, *jobs: Job) -> None:
    monkeypatch.setattr(job_table, "JOBS", jobs)


def only_named(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    only(monkeypatch, *[job for job in JOBS if job.name in names])


def test_job_clock_advances_while_earlier_jobs_run(
    databases: Databases, settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments: list[datetime] = []

    def record_moment(context: JobContext) -> dict[str, Any]:
        moments.append(context.clock())
        wait_until(lambda: context.clock() > moments[-1])
        return {}

    only(
        monkeypatch,
        Job("first", job_table.MINUTE, record_moment),
        Job("second", job_table.MINUTE, record_moment),
    )
    tick(databases, settings, now)
    assert now <= moments[0] < moments[1]


def test_every_job_runs_once_in_its_slot(databases: Databases, settings: Settings, now: datetime) -> None:
    assert set(tick(databases, settings, now)) == NAMES
    assert tick(databases, settings, now + timedelta(seconds=59)) == {}
    after = tick(databases, settings, now + timedelta(minutes=1))
    assert set(after) == {job.name for job in JOBS if job.every == timedelta(minutes=1)}
    assert set(tick(databases, settings, now + timedelta(hours=1))) == {
        job.name for job in JOBS if job.every <= timedelta(hours=1)
    }
    assert set(tick(databases, settings, now + timedelta(days=1))) == NAMES


def test_backward_clock_runs_no_job_again(databases: Databases, settings: Settings, now: datetime) -> None:
    tick(databases, settings, now)
    tick(databases, settings, now + timedelta(minutes=1))
    assert tick(databases, settings, now) == {}


def test_concurrent_schedulers_do_everything_once(
    books: Books, databases: Databases, jobs_settings: Settings
) -> None:
    for number in range(1, 6):
        books.sale(f"S{number}", 1000_00, "10-01")
    for when in ("11-01 00:05", "11-08 00:05", "11-09 00:05"):
        done = run_concurrently(*[partial(tick, databases, jobs_settings, at(when))] * 4)
        assert sorted(name for each in done for name in each) == sorted(NAMES)
    assert set(runs(databases)["pay"]) == {"done"}
    assert books.sandbox.control.counts()["transfers"] == 1
    assert (books.balance().total_minor, books.faults()) == (0, [])


def test_month_is_closed_approved_and_paid_automatically(
    books: Books, databases: Databases, jobs_settings: Settings
) -> None:
    books.sale("S1", 1000_00, "10-01")
    results = run_all_jobs(databases, jobs_settings, at("10-30 08:00"), at("11-10 08:00"))
    assert [result["at"] for result in results][:2] == ["2026-10-30T08:00:00Z", "2026-10-31T00:00:00Z"]
    days = {name: result["at"][:10] for result in results for name in jobs_with_work(result)}
    for name in ("sale-totals-all", "balance-copies"):  # for pages
        assert days.pop(name) >= "2026-10-30"
    assert days.pop("prune-runs") > "2026-11-05"  # when the first of these runs are old enough
    assert days == {
        "mature": "2026-11-01",
        "close": "2026-11-01",
        "approve": "2026-11-08",
        "seal": "2026-11-08",
        "pay": "2026-11-09",
    }
    assert books.sandbox.control.counts()["transfers"] == 1
    assert (books.balance().total_minor, books.faults()) == (0, [])
    before = counts(databases)
    assert [
        jobs_with_work(result) for result in run_all_jobs(databases, jobs_settings, at("11-10 09:00"))
    ] == [[]]
    assert counts(databases) == before


def jobs_with_work(result: dict[str, Any]) -> list[str]:
    """The jobs that changed something for a brand; those for clicks are left out."""
    return [
        name for name, done in result["jobs"].items() if any(done.values()) and not name.startswith("click-")
    ]


@pytest.mark.parametrize(
    ("zone", "closed", "approved", "paid"),
    [
        ("UTC", "11-01 00:00", "11-08 00:00", "11-09 00:00"),
        # Summer time ends on 1 November at two in the morning: four hours behind UTC, then five.
        ("America/New_York", "11-01 04:00", "11-08 05:00", "11-09 05:00"),
        ("Asia/Tokyo", "10-31 15:00", "11-07 15:00", "11-08 15:00"),
        ("Asia/Kathmandu", "10-31 18:15", "11-07 18:15", "11-08 18:15"),
    ],
)
def test_a_brand_is_closed_approved_and_paid_at_midnight_in_its_time_zone(
    books: Books,
    databases: Databases,
    jobs_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    closed: str,
    approved: str,
    paid: str,
) -> None:
    only_named(monkeypatch, "close", "approve", "seal", "pay")
    books.write(lambda s: setattr(s.get_one(Brand, books.brand_id), "timezone", zone))
    books.sale("S1", 1000_00, "10-01 10:00")
    expected = {closed: "close", approved: "approve", paid: "pay"}
    for when, job in expected.items():
        # The hour before is another slot, so the job also runs before the time.
        early = tick(databases, jobs_settings, at(when) - timedelta(minutes=1))
        assert not any(early[job].values())
        done = tick(databases, jobs_settings, at(when) + timedelta(hours=at(when).minute > 0))
        assert any(done[job].values())
    assert books.faults() == []


def test_work_refuses_an_earlier_time(
    databases: Databases, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_named(monkeypatch, "accrue", "close")
    run_all_jobs(databases, settings, at("10-18"), at("10-20"))
    before = runs(databases)
    for as_of in ("10-19", "10-01"):
        with pytest.raises(Invalid, match="Time does not go backwards"):
            run_all_jobs(databases, settings, at("10-02"), at(as_of))
    assert runs(databases) == before
    days = [each["at"][:10] for each in run_all_jobs(databases, settings, at("10-02"), at("10-22"))]
    assert days == ["2026-10-20", "2026-10-21", "2026-10-22", "2026-10-22"]


def test_a_job_that_fails_is_recorded_and_the_others_run(
    databases: Databases, settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = []

    def job(name: str, error: Exception | None = None) -> Job:
        def work(context: JobContext) -> dict[str, Any]:
            ran.append(name)
            if error is not None:
                raise error
            return {"done": 1}

        return Job(name, timedelta(minutes=1), work)

    secret = RuntimeError("anna@example.com sk_test_123")
    only(monkeypatch, job("first"), job("faulty", Fault("a fault")), job("broken", secret), job("last"))
    done = tick(databases, settings, now)
    assert ran == ["first", "faulty", "broken", "last"]
    faulty, broken = ({"error": "Fault", "words": "a fault"}, {"error": "RuntimeError"})
    assert done["faulty"] == {
        "error": "a fault",
        "error_reasons": [{"reason_code": "refused", "reason_parameters": faulty}],
    }
    assert done["broken"] == {
        "error": "unexpected RuntimeError, see the log",
        "error_reasons": [{"reason_code": "unexpected", "reason_parameters": broken}],
    }
    assert runs(databases) == {
        "first": ["done"],
        "faulty": ["failed"],
        "broken": ["failed"],
        "last": ["done"],
    }
    assert tick(databases, settings, now) == {}
    assert set(tick(databases, settings, now + timedelta(minutes=1))) == {"first", "faulty", "broken", "last"}


def test_failure_of_one_brand_does_not_stop_the_others(
    books: Books, databases: Databases, jobs_settings: Settings
) -> None:
    def broken(session: Session) -> str:
        """A brand with a time zone that this machine does not know."""
        brand = create_brand(
            session, at("09-01"), name="Broken", currency="EUR", timezone="UTC", hosts=["other.example"]
        )
        session.flush()
        brand.timezone = "Mars/Olympus"
        return brand.id

    broken_id = transact(databases.main, broken)
    books.sale("S1", 1000_00, "10-01")
    transact(databases.main, lambda s: _open_month(s, broken_id))
    done = tick(databases, jobs_settings, at("11-01 00:05"))
    assert done["close"]["closed"] == {books.brand_id: ["2026-10"]}
    assert broken_id in done["close"]["error"]
    assert books.brand_id not in done["close"]["error"]
    (failure,) = done["close"]["error_reasons"]
    assert (failure["subject"], failure["reason_code"]) == (broken_id, "unexpected")
    assert runs(databases)["close"] == ["failed"]


def _open_month(session: Session, brand_id: str) -> None:
    """Create an open month that can be closed."""
    span = Span("2026-09", at("09-01 00:00"), at("10-01 00:00"))
    ensure_period(session, at("09-01"), session.get_one(Brand, brand_id), span)


def test_job_with_a_lost_lease_stops_without_recording_a_result(
    books: Books, databases: Databases, jobs_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.sale("S1", 100_00, "10-01")
    now = at("11-01 00:05")
    slot = "2026-11-01T00:00Z"

    def lose_lease(context: JobContext) -> dict[str, Any]:
        successor = transact(databases.main, lambda s: claim(s, now + 2 * LEASE, "close", slot))
        assert successor is not None
        return close_periods(context)

    only(monkeypatch, Job("close", timedelta(hours=1), lose_lease))
    done = tick(databases, jobs_settings, now)
    assert "taken over" in done["close"]["error"]
    assert runs(databases) == {"close": ["running"]}
    assert counts(databases)["statement"] == 0
    with read_session(databases.main) as session:
        assert self_check(session, now) == []
