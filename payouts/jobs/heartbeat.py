"""Whether the scheduler is alive, derived from the table of job runs."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.jobs.models import JobRun, StartedBy

HEARTBEAT_JOB = "accrue"
"""The first of the jobs that run every minute."""

SILENT_AFTER = timedelta(minutes=5)
CLOCK_SKEW_ALLOWANCE = timedelta(minutes=1)
"""The clock of the scheduler's machine may be a little ahead."""


def last_heartbeat(session: Session, now: datetime) -> datetime | None:
    """When the scheduler last ran. Runs started by a person and runs dated in the future do not count.

    A run that does not say who started it counts: a scheduler of an older version still runs.
    """
    return session.scalar(
        select(JobRun.started_at)
        .where(
            JobRun.job == HEARTBEAT_JOB,
            JobRun.started_by.is_distinct_from(StartedBy.PERSON.value),
            JobRun.started_at <= now + CLOCK_SKEW_ALLOWANCE,
        )
        .order_by(JobRun.started_at.desc())
        .limit(1)
    )


def is_alive(heartbeat_at: datetime | None, now: datetime) -> bool:
    return heartbeat_at is not None and now - heartbeat_at < SILENT_AFTER
