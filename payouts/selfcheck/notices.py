"""The notice that the books do not balance: its cause, once until a check has passed again."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.jobs.models import JobRun
from tracker.mail.causes import Cause, note
from tracker.mail.kinds import MailKind


def note_unbalanced(session: Session, now: datetime, run_id: str) -> None:
    """Operators have to be told that this run of a job of the self-check found faults.

    The subject is the job's last run that found none, or its name, so that they are told once of what lasts.
    """
    job = session.get_one(JobRun, run_id).job
    passed = select(JobRun.id).where(JobRun.job == job, JobRun.state == "done")
    last = session.scalar(passed.order_by(JobRun.started_at.desc()).limit(1))
    note(session, now, Cause(MailKind.BOOKS_UNBALANCED, None, last or job, None, now))
