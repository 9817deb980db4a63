"""Retention of job runs: failed ones are stored for longer than the others."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from payouts.jobs.models import JobRun

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
