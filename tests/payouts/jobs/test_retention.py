"""Job runs are deleted after a week, failed ones after three months.

The bodies of messages are emptied when they reach the age in the settings.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.jobs.claims import claim, finish, prune_runs
from payouts.jobs.models import JobRun
from payouts.processes.job_table import tick
from tests.cast.shop import RECEIVED_AT, create_shop, sale


def add_run(databases: Databases, when: datetime, job: str, state: str) -> None:
    own_claim = transact(databases.main, lambda s: claim(s, when, job, f"{when:%Y-%m-%dT%H:%MZ}"))
    assert own_claim is not None
    if state != "running":
        failed = state == "failed"
        transact(databases.main, lambda s: finish(s, when, own_claim, failed=failed, result={}))


def remaining_jobs(databases: Databases) -> set[str]:
    with read_session(databases.main) as session:
        return set(session.scalars(select(JobRun.job)))


def test_failed_runs_are_stored_for_90_days_and_others_for_7(databases: Databases, now: datetime) -> None:
    for days in (6, 8, 89, 91):
        for state in ("done", "failed", "running"):
            add_run(databases, now - timedelta(days=days), f"{state} {days} days ago", state)

    assert transact(databases.main, lambda s: prune_runs(s, now, 100)) == 7
    assert transact(databases.main, lambda s: prune_runs(s, now, 100)) == 0
    expected = {"done 6 days ago", "running 6 days ago"} | {f"failed {days} days ago" for days in (6, 8, 89)}
    assert remaining_jobs(databases) == expected


def test_old_runs_are_deleted_in_batches(databases: Databases, now: datetime) -> None:
    for number in range(5):
        add_run(databases, now - timedelta(days=8, minutes=number), "accrue", "done")
    counts = [transact(databases.main, lambda s: prune_runs(s, now, 2)) for _ in range(4)]
    assert counts == [2, 2, 1, 0]


def test_scheduler_prunes_old_runs(databases: Databases, settings: Settings, now: datetime) -> None:
    for minutes in range(3):
        add_run(databases, now - timedelta(days=8, minutes=minutes), "gone", "done")
    assert tick(databases, settings, now)["prune-runs"] == {"forgotten": 3}
    assert "gone" not in remaining_jobs(databases)


def test_the_scheduler_empties_messages_of_the_age_in_the_settings(
    databases: Databases, settings: Settings
) -> None:
    shop, ten_days = create_shop(settings, databases), settings.model_copy(update={"event_days": 10})
    shop.send("sale.created", sale())

    def done(days: int) -> object:
        return tick(databases, ten_days, RECEIVED_AT + timedelta(days=days, minutes=1))["event-bodies"]

    assert [done(9), done(10), done(11)] == [{"emptied": 0}, {"emptied": 1}, {"emptied": 0}]
