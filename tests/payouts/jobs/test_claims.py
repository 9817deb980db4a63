"""Each job runs once per slot, and a process that lost its lease cannot write."""

from collections import Counter
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select, update

from config.database import Databases, read_session, transact
from payouts.jobs.claims import (
    LEASE,
    Claim,
    LeaseLost,
    advance_clock,
    claim,
    finish,
    latest_as_of,
    require_forward,
)
from payouts.jobs.heartbeat import HEARTBEAT_JOB, last_heartbeat
from payouts.jobs.models import JobRun, StartedBy
from tests.harness.processes.threads import THREADS, run_concurrently
from tracker.errors import Invalid

SECOND = timedelta(seconds=1)


def claim_slot(databases: Databases, now: datetime, slot: str = "10:00") -> Claim | None:
    return transact(databases.main, lambda s: claim(s, now, "pay", slot))


def guard(databases: Databases, own_claim: Claim, now: datetime) -> None:
    transact(databases.main, lambda s: own_claim.guard(s, now))


def end(databases: Databases, own_claim: Claim, now: datetime) -> None:
    transact(databases.main, lambda s: finish(s, now, own_claim, failed=False, result={"paid": 1}))


def only_run(databases: Databases) -> JobRun:
    with read_session(databases.main) as session:
        return session.scalars(select(JobRun)).one()


def test_sixteen_schedulers_share_fifty_slots_without_a_second_claim(
    databases: Databases, now: datetime
) -> None:
    slots = [f"slot {number:02}" for number in range(50)]

    def work() -> list[str]:
        return [slot for slot in slots if claim_slot(databases, now, slot) is not None]

    claimed = Counter(slot for taken in run_concurrently(*[work] * THREADS) for slot in taken)
    assert claimed == Counter(slots)


def test_a_slot_is_not_claimed_again_while_running_or_when_finished(
    databases: Databases, now: datetime
) -> None:
    own_claim = claim_slot(databases, now)
    assert own_claim is not None
    assert claim_slot(databases, now) is None
    end(databases, own_claim, now)
    assert claim_slot(databases, now + 2 * LEASE) is None


def test_slot_is_taken_over_when_the_lease_has_expired(databases: Databases, now: datetime) -> None:
    own_claim = claim_slot(databases, now)
    assert own_claim is not None
    assert claim_slot(databases, now + LEASE - SECOND) is None
    successor = claim_slot(databases, now + LEASE)
    assert successor == Claim(own_claim.run_id, own_claim.fence + 1)


def test_active_holder_renews_its_lease(databases: Databases, now: datetime) -> None:
    own_claim = claim_slot(databases, now)
    assert own_claim is not None
    guard(databases, own_claim, now + LEASE - SECOND)
    assert claim_slot(databases, now + LEASE) is None
    assert claim_slot(databases, now + 2 * LEASE - SECOND) is not None


def test_only_one_of_sixteen_takes_over_an_expired_lease(databases: Databases, now: datetime) -> None:
    claim_slot(databases, now)
    successors = run_concurrently(*[lambda: claim_slot(databases, now + LEASE)] * THREADS)
    assert Counter(successor is None for successor in successors) == {True: THREADS - 1, False: 1}


def test_holder_of_an_expired_lease_cannot_write(databases: Databases, now: datetime) -> None:
    own_claim = claim_slot(databases, now)
    successor = claim_slot(databases, now + LEASE)
    assert own_claim is not None
    assert successor is not None
    with pytest.raises(LeaseLost):
        guard(databases, own_claim, now + LEASE)
    with pytest.raises(LeaseLost):
        end(databases, own_claim, now + LEASE)
    guard(databases, successor, now + LEASE)
    end(databases, successor, now + LEASE)
    run = only_run(databases)
    assert (run.state, run.fence, run.result) == ("done", 2, {"paid": 1})


def test_transaction_is_rolled_back_when_the_lease_is_lost(databases: Databases, now: datetime) -> None:
    own_claim = claim_slot(databases, now)
    assert own_claim is not None
    claim_slot(databases, now + LEASE)

    def work(session: object) -> None:
        advance_clock(session, now)  # type: ignore[arg-type]
        own_claim.guard(session, now)  # type: ignore[arg-type]

    with pytest.raises(LeaseLost):
        transact(databases.main, work)
    with read_session(databases.main) as session:
        assert latest_as_of(session) is None


def test_finished_run_cannot_continue(databases: Databases, now: datetime) -> None:
    own_claim = claim_slot(databases, now)
    assert own_claim is not None
    end(databases, own_claim, now)
    with pytest.raises(LeaseLost):
        guard(databases, own_claim, now)
    with pytest.raises(LeaseLost):
        end(databases, own_claim, now)


def test_the_clock_of_the_jobs_only_moves_forward(databases: Databases, now: datetime) -> None:
    times = [now + number * timedelta(days=1) for number in (3, 1, 7, 5)]
    for as_of in times:
        transact(databases.main, partial(advance_clock, as_of=as_of))
    run_concurrently(
        *[partial(transact, databases.main, partial(advance_clock, as_of=as_of)) for as_of in times]
    )
    with read_session(databases.main) as session:
        assert latest_as_of(session) == max(times)
        assert require_forward(session, now, max(times)) == max(times)
        with pytest.raises(Invalid, match="jobs have already run as of 2026-10-08T10:00:00Z"):
            require_forward(session, now, max(times) - SECOND)
        with pytest.raises(Invalid, match="it is already 2026-10-31T10:00:00Z"):
            require_forward(session, now + timedelta(days=30), now + timedelta(days=29))


def test_a_run_says_who_started_it_and_a_takeover_changes_nothing(
    databases: Databases, now: datetime
) -> None:
    def started_by(slot: str, *starter: StartedBy) -> str | None:
        transact(databases.main, lambda s: claim(s, now, "pay", slot, *starter))
        transact(databases.main, lambda s: claim(s, now + LEASE, "pay", slot))
        with read_session(databases.main) as session:
            return session.scalars(select(JobRun.started_by).where(JobRun.slot == slot)).one()

    assert started_by("10:00") == "schedule"
    assert started_by("10:01", StartedBy.PERSON) == "person"


def test_the_heartbeat_asks_who_started_a_run_and_not_what_its_slot_is_called(
    databases: Databases, now: datetime
) -> None:
    def heartbeat() -> datetime | None:
        with read_session(databases.main) as session:
            return last_heartbeat(session, now)

    transact(databases.main, lambda s: claim(s, now, HEARTBEAT_JOB, "10:00", StartedBy.PERSON))
    assert heartbeat() is None
    transact(databases.main, lambda s: claim(s, now, HEARTBEAT_JOB, "by hand at noon"))
    assert heartbeat() == now


def test_a_scheduler_of_an_older_version_that_still_runs_is_alive(
    databases: Databases, now: datetime
) -> None:
    """Its runs do not say who started them."""
    transact(databases.main, lambda s: claim(s, now, HEARTBEAT_JOB, "10:00"))
    transact(databases.main, lambda s: s.execute(update(JobRun).values(started_by=None)))
    with read_session(databases.main) as session:
        assert last_heartbeat(session, now) == now
