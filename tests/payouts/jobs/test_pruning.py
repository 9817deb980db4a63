"""Runs are forgotten after a week, those that failed after three months; none that is needed.

The bodies of messages are emptied when they are as old as the settings say.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.jobs.claims import claim, finish
from payouts.jobs.models import JobRun
from payouts.jobs.pruning import prune_runs
from payouts.processes.job_table import tick
from tests.tracker.sales.shop import RECEIVED_AT, create_shop, sale


def add_run(databases: Databases, when: datetime, job: str, state: str) -> None:
    own_claim = transact(databases.main, lambda s: claim(s, when, job, f"{when:%Y-%m-%dT%H:%MZ}"))
    assert own_claim is not None
    if state != "running":
        failed = state == "failed"
        transact(databases.main, lambda s: finish(s, when, own_claim, failed=failed, result={}))


def remaining_jobs(databases: Databases) -> set[str]:
    with read_session(databases.main) as session:
        return set(session.scalars(select(JobRun.job)))


def test_failed_runs_are_kept_for_90_days_and_others_for_7(databases: Databases, now: datetime) -> None:
    for days in (6, 8, 89, 91):
        for state in ("done", "failed", "running"):
            add_run(databases, now - timedelta(days=days), f"{state} {days} days ago", state)

    assert transact(databases.main, lambda s: prune_runs(s, now, 100)) == 7
    assert transact(databases.main, lambda s: prune_runs(s, now, 100)) == 0
    kept = {"done 6 days ago", "running 6 days ago"} | {f"failed {days} days ago" for days in (6, 8, 89)}
    assert remaining_jobs(databases) == kept


def test_old_runs_are_forgotten_in_batches(databases: Databases, now: datetime) -> None:
    for number in range(5):
        add_run(databases, now - timedelta(days=8, minutes=number), "accrue", "done")
    counts = [transact(databases.main, lambda s: prune_runs(s, now, 2)) for _ in range(4)]
    assert counts == [2, 2, 1, 0]


def test_scheduler_prunes_old_runs(databases: Databases, settings: Settings, now: datetime) -> None:
    for minutes in range(3):
        add_run(databases, now - timedelta(days=8, minutes=minutes), "gone", "done")
    assert tick(databases, settings, now)["prune-runs"] == {"forgotten": 3}
    assert "gone" not in remaining_jobs(databases)


def test_the_scheduler_empties_messages_as_old_as_the_settings_say(
    databases: Databases, settings: Settings
) -> None:
    shop, chosen = create_shop(settings, databases), settings.model_copy(update={"event_days": 10})
    shop.send("sale.created", sale())

    def done(days: int) -> object:
        return tick(databases, chosen, RECEIVED_AT + timedelta(days=days, minutes=1))["event-bodies"]

    assert [done(9), done(10), done(11)] == [{"emptied": 0}, {"emptied": 1}, {"emptied": 0}]
