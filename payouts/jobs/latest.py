"""The latest run of each job, and how late a job is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from payouts.jobs.models import JobRun, StartedBy


@dataclass(frozen=True)
class Lateness:
    """How late the scheduler began the latest run of a job, and how long the next one is overdue."""

    began_late: timedelta
    overdue: timedelta


def lateness_of(run: JobRun, now: datetime) -> Lateness | None:
    """Of the latest run that the schedule started; None when it was started by an older version."""
    if run.due_at is None or run.every_s is None:
        return None
    next_due_at = run.due_at + timedelta(seconds=run.every_s)
    return Lateness(max(run.started_at - run.due_at, timedelta()), max(now - next_due_at, timedelta()))


def latest_runs(session: Session, *, scheduled: bool) -> dict[str, JobRun]:
    """By job; of any starter, or only those that the schedule started. It reads a few rows per job."""
    return {run.job: run for run in session.scalars(_latest_query(scheduled))}


@cache
def _latest_query(scheduled: bool) -> Select[JobRun]:
    """Looks each job and its latest run up in the index, instead of reading the runs of a week."""
    first = select(func.min(JobRun.job).label("job")).cte("names", recursive=True)
    following = select(func.min(JobRun.job)).where(JobRun.job > first.c.job).scalar_subquery()
    names = first.union_all(select(following).where(first.c.job.is_not(None)))
    chosen = [JobRun.started_by.is_distinct_from(StartedBy.PERSON.value)] if scheduled else []
    latest = (
        select(JobRun.id)
        .where(JobRun.job == names.c.job, *chosen)
        .order_by(JobRun.started_at.desc(), JobRun.id.desc())
        .limit(1)
        .correlate(names)
        .scalar_subquery()
    )
    return select(JobRun).where(JobRun.id.in_(select(latest).select_from(names)))
