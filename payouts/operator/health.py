"""What an operator has to know: jobs that failed or are late, freezes, findings, mail that is stuck."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payouts.jobs.latest import lateness_of, latest_runs
from payouts.jobs.models import JobRun
from payouts.monitoring.backlog import backlogs
from payouts.selfcheck.models import Mark
from payouts.settlement.freezes import active_freezes
from tracker.mail.models import Fate
from tracker.mail.queries import counts_by_state
from tracker.people.accounts.models import Brand

LATE = timedelta(minutes=5)
"""A job that is overdue for longer than this is named; a busy machine is late by less."""


@dataclass(frozen=True)
class ShownJob:
    """`overdue` is how late the next run is; `waiting`: how many rows wait for it, None where none can."""

    name: str
    state: str
    started_at: datetime
    overdue: timedelta
    waiting: int | None

    @property
    def is_stuck(self) -> bool:
        return self.state == "failed" or self.overdue > LATE


@dataclass(frozen=True)
class Health:
    """`findings`: of the newest mark of each brand, and since when; `mail`: messages by fate."""

    jobs: list[ShownJob]
    freezes: int
    findings: int
    checked_at: datetime | None
    mail: dict[str, int]
    brands: int

    @property
    def stuck_jobs(self) -> list[ShownJob]:
        return [job for job in self.jobs if job.is_stuck]

    @property
    def stuck_mail(self) -> int:
        return self.mail.get(Fate.REFUSED.value, 0) + self.mail.get(Fate.DEFERRED.value, 0)


def installation_health(session: Session, now: datetime) -> Health:
    """As of now, from what the jobs themselves wrote."""
    latest, scheduled = latest_runs(session, scheduled=False), latest_runs(session, scheduled=True)
    waiting = backlogs(session, now)
    newest = select(func.max(Mark.number)).group_by(Mark.brand_id)
    findings, checked_at = session.execute(
        select(func.sum(Mark.findings), func.min(Mark.made_at)).where(Mark.number.in_(newest))
    ).one()
    return Health(
        jobs=[
            _shown(run, scheduled.get(name), waiting.get(name), now) for name, run in sorted(latest.items())
        ],
        freezes=len(list(active_freezes(session))),
        findings=int(findings or 0),
        checked_at=checked_at,
        mail=counts_by_state(session),
        brands=session.scalar(select(func.count()).select_from(Brand)) or 0,
    )


def _shown(run: JobRun, scheduled: JobRun | None, waiting: int | None, now: datetime) -> ShownJob:
    late = lateness_of(scheduled, now) if scheduled is not None else None
    return ShownJob(run.job, run.state, run.started_at, late.overdue if late else timedelta(), waiting)
