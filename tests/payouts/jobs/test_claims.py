"""One run for each job and slot, whoever is faster, and none by somebody who was given up for dead."""

from collections import Counter
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from config.database import Databases, read_session, transact
from payouts.jobs.claims import (
    LEASE,
    Claim,
    LeaseLost,
    advance_clock,
    claim,
    clock,
    finish,
    require_forward,
)
from payouts.jobs.models import JobRun
from tests.harness.processes.threads import THREADS, run_concurrently
from tracker.errors import Invalid

SECOND = timedelta(seconds=1)


def take(databases: Databases, now: datetime, slot: str = "10:00") -> Claim | None:
    return transact(databases.main, lambda s: claim(s, now, "pay", slot))


def guard(databases: Databases, held: Claim, now: datetime) -> None:
    transact(databases.main, lambda s: held.guard(s, now))


def end(databases: Databases, held: Claim, now: datetime) -> None:
    transact(databases.main, lambda s: finish(s, now, held, failed=False, result={"paid": 1}))


def the_run(databases: Databases) -> JobRun:
    with read_session(databases.main) as session:
        return session.scalars(select(JobRun)).one()


def test_sixteen_schedulers_share_fifty_slots_without_a_second_claim(
    databases: Databases, now: datetime
) -> None:
    slots = [f"slot {number:02}" for number in range(50)]

    def work() -> list[str]:
        return [slot for slot in slots if take(databases, now, slot) is not None]

    claimed = Counter(slot for taken in run_concurrently(*[work] * THREADS) for slot in taken)
    assert claimed == Counter(slots)


def test_a_slot_is_not_claimed_twice_however_it_ended(databases: Databases, now: datetime) -> None:
    held = take(databases, now)
    assert held is not None
    assert take(databases, now) is None
    end(databases, held, now)
    assert take(databases, now + 2 * LEASE) is None


def test_a_dead_holders_slot_is_taken_over_when_its_lease_is_over(
    databases: Databases, now: datetime
) -> None:
    held = take(databases, now)
    assert held is not None
    assert take(databases, now + LEASE - SECOND) is None
    heir = take(databases, now + LEASE)
    assert heir == Claim(held.run_id, held.fence + 1)


def test_a_holder_that_works_keeps_its_lease(databases: Databases, now: datetime) -> None:
    held = take(databases, now)
    assert held is not None
    guard(databases, held, now + LEASE - SECOND)
    assert take(databases, now + LEASE) is None
    assert take(databases, now + 2 * LEASE - SECOND) is not None


def test_one_heir_of_sixteen(databases: Databases, now: datetime) -> None:
    take(databases, now)
    heirs = run_concurrently(*[lambda: take(databases, now + LEASE)] * THREADS)
    assert Counter(heir is None for heir in heirs) == {True: THREADS - 1, False: 1}


def test_whoever_was_given_up_for_dead_writes_nothing_more(databases: Databases, now: datetime) -> None:
    held = take(databases, now)
    heir = take(databases, now + LEASE)
    assert held is not None
    assert heir is not None
    with pytest.raises(LeaseLost):
        guard(databases, held, now + LEASE)
    with pytest.raises(LeaseLost):
        end(databases, held, now + LEASE)
    guard(databases, heir, now + LEASE)
    end(databases, heir, now + LEASE)
    run = the_run(databases)
    assert (run.state, run.fence, run.result) == ("done", 2, {"paid": 1})


def test_what_a_holder_wrote_in_a_transaction_goes_when_its_lease_is_gone(
    databases: Databases, now: datetime
) -> None:
    held = take(databases, now)
    assert held is not None
    take(databases, now + LEASE)

    def work(session: object) -> None:
        advance_clock(session, now)  # type: ignore[arg-type]
        held.guard(session, now)  # type: ignore[arg-type]

    with pytest.raises(LeaseLost):
        transact(databases.main, work)
    with read_session(databases.main) as session:
        assert clock(session) is None


def test_a_run_that_has_ended_cannot_go_on(databases: Databases, now: datetime) -> None:
    held = take(databases, now)
    assert held is not None
    end(databases, held, now)
    with pytest.raises(LeaseLost):
        guard(databases, held, now)
    with pytest.raises(LeaseLost):
        end(databases, held, now)


def test_the_clock_of_the_jobs_only_goes_forward(databases: Databases, now: datetime) -> None:
    times = [now + number * timedelta(days=1) for number in (3, 1, 7, 5)]
    for as_of in times:
        transact(databases.main, partial(advance_clock, as_of=as_of))
    run_concurrently(
        *[partial(transact, databases.main, partial(advance_clock, as_of=as_of)) for as_of in times]
    )
    with read_session(databases.main) as session:
        assert clock(session) == max(times)
        assert require_forward(session, now, max(times)) == max(times)
        with pytest.raises(Invalid, match="jobs have already run as of 2026-10-08T10:00:00Z"):
            require_forward(session, now, max(times) - SECOND)
        with pytest.raises(Invalid, match="it is already 2026-10-31T10:00:00Z"):
            require_forward(session, now + timedelta(days=30), now + timedelta(days=29))
