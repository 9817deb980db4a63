"""What waits for the jobs, counted by their own indexes."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, exists, func, select
from sqlalchemy.orm import Session

from config.columns import UtcTime
from payouts.commissions.models import BookingWork, Commission, Hold, WorkKind
from payouts.settlement.models import Attempt
from payouts.statements.models import Statement
from tracker.mail.models import MailMessage

MOST = 100_000
"""Nothing is counted further than this: a backlog of this size needs attention anyway."""


def backlogs(session: Session, now: datetime) -> dict[str, int]:
    """How many rows wait for a job, by job. At most MOST for each; jobs that are not named count nothing."""
    return {job: session.scalar(_counted(job), {"now": now}) or 0 for job in _waiting()}


@cache
def _counted(job: str) -> Select[int]:
    waiting = _waiting()[job].limit(MOST).subquery()
    return select(func.count()).select_from(waiting)


@cache
def _waiting() -> Mapping[str, Select[str]]:
    """What waits for each job. Parameter: `now`."""
    now = bindparam("now", type_=UtcTime())
    held = exists().where(Hold.commission_id == Commission.id, Hold.lifted_at.is_(None))
    return {
        "accrue": select(BookingWork.cause_id).where(BookingWork.kind == WorkKind.ATTRIBUTION),
        "adjust": select(BookingWork.cause_id).where(BookingWork.kind != WorkKind.ATTRIBUTION),
        "holds": select(Hold.id).where(Hold.lifted_at.is_(None), Hold.ends_at <= now),
        "mature": select(Commission.id).where(
            Commission.live, Commission.matured_at.is_(None), Commission.release_at <= now, ~held
        ),
        "approve": select(Statement.id).where(Statement.state == "draft", Statement.review_ends_at <= now),
        "seal": select(Statement.id).where(Statement.state == "approved"),
        "mail": select(MailMessage.id).where(MailMessage.due_at <= now),
        "settle-payouts": select(Attempt.id).where(Attempt.state.in_(("sending", "unknown"))),
    }
