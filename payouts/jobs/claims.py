"""Claims of jobs: one process runs a job in each slot.

When a claim's lease has expired, another process takes it over with a higher fencing token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from config.insert import insert_once
from payouts.jobs.models import Clock, JobRun, StartedBy
from tracker.errors import Conflict, Invalid
from tracker.ids import new_id

LEASE = timedelta(minutes=10)
"""The holder renews it with every transaction, so it need only be longer than one of them."""


class LeaseLost(Conflict):
    """Another process has taken the job over; this one must stop writing."""


@dataclass(frozen=True)
class Cost:
    """CPU time of the thread of a run, and the rows that its steps did."""

    cpu_ms: int
    rows_done: int


@dataclass(frozen=True)
class Claim:
    """The right to run one job in one slot, valid until another process has a higher fencing token."""

    run_id: str
    fence: int

    def guard(self, session: Session, now: datetime) -> None:
        """Renew the lease. Call it first in every transaction of the job. Raises LeaseLost."""
        renewed = session.execute(
            update(JobRun)
            .where(JobRun.id == self.run_id, JobRun.fence == self.fence, JobRun.state == "running")
            .values(lease_until=now + LEASE)
            .returning(JobRun.id)
            .execution_options(synchronize_session=False)
        )
        if renewed.first() is None:
            raise LeaseLost("This run was taken over by another scheduler; it stops here.")


def claimable(session: Session, now: datetime, slots: Mapping[str, str]) -> set[str]:
    """The jobs whose slot nobody has claimed, or whose holder's lease has expired. It only reads.

    slots: names of slots by job.
    """
    taken = session.execute(
        select(JobRun.job, JobRun.slot).where(
            JobRun.job.in_(slots.keys()),
            JobRun.slot.in_(set(slots.values())),
            or_(JobRun.state != "running", JobRun.lease_until > now),
        )
    )
    return slots.keys() - {job for job, slot in taken if slots[job] == slot}


def claim(
    session: Session,
    now: datetime,
    job: str,
    slot: str,
    started_by: StartedBy = StartedBy.SCHEDULE,
    *,
    due_at: datetime | None = None,
    every: timedelta | None = None,
) -> Claim | None:
    """Claim a slot, or take it over from a holder whose lease has expired. None when neither is possible.

    due_at, every: when the slot began, and how long it is.
    """
    run_id = new_id("job", now)
    if insert_once(
        session,
        JobRun,
        id=run_id,
        job=job,
        slot=slot,
        due_at=due_at,
        every_s=int(every.total_seconds()) if every else None,
        started_by=started_by.value,
        state="running",
        fence=1,
        lease_until=now + LEASE,
        started_at=now,
        finished_at=None,
        result=None,
    ):
        return Claim(run_id, 1)
    return _take_over(session, now, job, slot)


def _take_over(session: Session, now: datetime, job: str, slot: str) -> Claim | None:
    taken = session.execute(
        update(JobRun)
        .where(
            JobRun.job == job,
            JobRun.slot == slot,
            JobRun.state == "running",
            JobRun.lease_until <= now,
        )
        .values(fence=JobRun.fence + 1, lease_until=now + LEASE, started_at=now)
        .returning(JobRun.id, JobRun.fence)
        .execution_options(synchronize_session=False)
    ).first()
    return Claim(taken[0], taken[1]) if taken else None


def finish(
    session: Session,
    now: datetime,
    own_claim: Claim,
    *,
    failed: bool,
    result: dict[str, Any],
    cost: Cost | None = None,
) -> None:
    """Record how the run ended. Raises LeaseLost when another process has taken it over."""
    done = session.execute(
        update(JobRun)
        .where(JobRun.id == own_claim.run_id, JobRun.fence == own_claim.fence, JobRun.state == "running")
        .values(
            state="failed" if failed else "done",
            finished_at=now,
            result=result,
            cpu_ms=cost.cpu_ms if cost else None,
            rows_done=cost.rows_done if cost else None,
        )
        .returning(JobRun.id)
        .execution_options(synchronize_session=False)
    )
    if done.first() is None:
        raise LeaseLost("This run was taken over by another scheduler; its result is not recorded.")


def advance_clock(session: Session, as_of: datetime) -> None:
    """Store the latest time as of which jobs have run; an earlier time changes nothing."""
    insert_once(session, Clock, id=1, as_of=as_of)
    session.execute(update(Clock).where(Clock.id == 1, Clock.as_of < as_of).values(as_of=as_of))


def latest_as_of(session: Session) -> datetime | None:
    return session.scalar(select(Clock.as_of).where(Clock.id == 1))


def require_forward(session: Session, now: datetime, as_of: datetime) -> datetime:
    """The time from which jobs have to continue until `as_of`. Raises Invalid when `as_of` is before it."""
    start = max(now, latest_as_of(session) or now)
    if as_of < start:
        what = "it is already" if start == now else "jobs have already run as of"
        raise Invalid(
            f"Time does not go backwards: {what} {start:%Y-%m-%dT%H:%M:%SZ}. Give --as-of a later time."
        )
    return start


RETENTION = timedelta(days=7)


FAILED_RETENTION = timedelta(days=90)


def prune_runs(session: Session, now: datetime, limit: int) -> int:
    """Delete up to `limit` runs that are older than their retention. Returns how many.

    A run that is still marked as running after that time has crashed, and its slot is in the past.
    """
    too_old = or_(
        (JobRun.state != "failed") & (JobRun.started_at < now - RETENTION),
        JobRun.started_at < now - FAILED_RETENTION,
    )
    old = select(JobRun.id).where(too_old).limit(limit)
    deleted = session.execute(
        delete(JobRun)
        .where(JobRun.id.in_(old))
        .returning(JobRun.id)
        .execution_options(synchronize_session=False)
    )
    return len(deleted.all())
