"""The job table: which jobs run, how often, in which order. Entry point: each job opens its own transactions.

APScheduler only calls `tick` at intervals, for each lane in a thread of its own. Jobs read from the database
what is due, so nothing is lost while no scheduler runs, and two schedulers can run safely.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.jobs.claims import (
    Claim,
    Cost,
    LeaseLost,
    advance_clock,
    claim,
    claimable,
    finish,
    require_forward,
)
from payouts.jobs.context import JobContext
from payouts.jobs.models import StartedBy
from payouts.jobs.reasons import failed_result
from payouts.processes import (
    check_jobs,
    commission_jobs,
    mail_jobs,
    statement_jobs,
    totals_jobs,
    upkeep_jobs,
)
from payouts.selfcheck.runs import require_consistent_books
from payouts.settlement.freezes import active_freezes
from payouts.settlement.models import Payout
from payouts.transfers.planning.preparation import anything_to_send
from payouts.transfers.rail import open_rail
from payouts.transfers.reconciliation.reconciliation import reconcile
from payouts.transfers.sending.attempts import claimable_attempts
from payouts.transfers.sending.report import Report
from payouts.transfers.sending.run import PayoutRun, running_clock
from tracker.errors import Fault, LinkledgerError

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

log = structlog.get_logger(__name__)


def _resolve_attempts(context: JobContext) -> dict[str, Any]:
    with read_session(context.databases.main) as session:
        if not claimable_attempts(session, context.now):
            return {}
    with open_rail(context.settings) as rail:
        run = PayoutRun(context.databases, rail, context.now, guard=context.guard, clock=context.clock)
        return _nonempty_report(run.resolve_open_attempts())


def _pay(context: JobContext) -> dict[str, Any]:
    statement_jobs.seal_statements(
        context
    )  # the job of that name may have run before the approval; it reports what fails
    with read_session(context.databases.main) as session:
        due = [b for b in context.brand_ids() if anything_to_send(session, context.now, b, early=False)]
        if not due:
            return {}
    require_consistent_books(context.databases.main, context.settings, context.now)
    with open_rail(context.settings) as rail:

        def pay(brand_id: str) -> Any:
            run = PayoutRun(
                context.databases,
                rail,
                context.now,
                rail_shared=context.settings.rail_shared,
                guard=context.guard,
                clock=context.clock,
            )
            return _nonempty_report(run.pay(brand_id))

        done = context.each(due, pay)
    return done.as_result(**done.results)


def _reconcile(context: JobContext) -> dict[str, Any]:
    with read_session(context.databases.main) as session:
        sent = session.scalar(select(Payout.id).where(Payout.transfer_ref.is_not(None)).limit(1))
        if sent is None and not any(active_freezes(session)):
            return {}
    with open_rail(context.settings) as rail:
        found = reconcile(context.databases, rail, context.now, context.guard)
    if not found.clean:
        unknown = [f"{each} is not in the books" for each in found.unknown_transfers]
        raise Fault("; ".join([*unknown, *found.differences]))
    return {"returned": found.returned}


class Lane(StrEnum):
    """Jobs of one lane run one after the other; the lanes run beside each other.

    Any two jobs may run at once: two schedulers did so before, and a person can start any of them.
    """

    BOOKS = "books"
    """The minute's bookings. Nothing here may take long."""

    STATEMENTS = "statements"
    """From the close of a period to the payout, and all that asks the payment provider."""

    MAIL = "mail"
    """A sign-in code has to arrive in seconds, and a slow mail server delays nothing else."""

    CHECKS = "checks"
    UPKEEP = "upkeep"
    LONG = "long"
    """What may take an hour and is in no hurry."""


@dataclass(frozen=True)
class Slot:
    """The stretch of time in which a job runs once. A run that a person starts has only the name."""

    name: str
    due_at: datetime | None = None
    every: timedelta | None = None


@dataclass(frozen=True)
class Job:
    """`every` is the length of a slot; a job runs at most once per slot."""

    name: str
    every: timedelta
    work: Callable[[JobContext], dict[str, Any]]
    lane: Lane = Lane.UPKEEP

    def slot_at(self, now: datetime) -> Slot:
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        due_at = epoch + (now - epoch) // self.every * self.every
        return Slot(f"{due_at:%Y-%m-%dT%H:%MZ}", due_at, self.every)


JOBS = (
    Job("accrue", MINUTE, commission_jobs.accrue, Lane.BOOKS),
    Job("disputes", DAY, commission_jobs.ask_about_disputes, Lane.STATEMENTS),
    Job("adjust", MINUTE, commission_jobs.adjust, Lane.BOOKS),
    Job("holds", 10 * MINUTE, commission_jobs.end_old_holds, Lane.BOOKS),
    Job("mature", MINUTE, commission_jobs.release, Lane.BOOKS),
    Job("close", HOUR, statement_jobs.close_periods, Lane.STATEMENTS),
    Job("statement-rows", MINUTE, statement_jobs.write_statement_rows, Lane.STATEMENTS),
    Job("approve", HOUR, statement_jobs.approve_drafts, Lane.STATEMENTS),
    Job("seal", MINUTE, statement_jobs.seal_statements, Lane.STATEMENTS),
    Job("settle-payouts", 5 * MINUTE, _resolve_attempts, Lane.STATEMENTS),
    Job("pay", HOUR, _pay, Lane.STATEMENTS),
    Job("reconcile", DAY, _reconcile, Lane.STATEMENTS),
    Job("mail-compose", MINUTE, mail_jobs.compose_mail, Lane.MAIL),
    Job("mail", MINUTE, mail_jobs.send_mail, Lane.MAIL),
    Job("check", 10 * MINUTE, check_jobs.check_since_marks, Lane.CHECKS),
    Job("check-full", DAY, check_jobs.check_everything, Lane.LONG),
    Job("click-spools", MINUTE, upkeep_jobs.drain_orphaned_spools),
    Job("visitor-keys", HOUR, upkeep_jobs.renew_keys),
    Job("click-partitions", DAY, upkeep_jobs.make_click_partitions),
    Job("click-confirm", 5 * MINUTE, upkeep_jobs.confirm_credited_clicks),
    Job("click-prune", DAY, upkeep_jobs.prune_old_clicks),
    Job("click-totals-late", HOUR, partial(upkeep_jobs.count_hours, back=3 * DAY)),
    Job("click-totals", 5 * MINUTE, partial(upkeep_jobs.count_hours, back=3 * HOUR)),
    Job("click-facets", HOUR, totals_jobs.count_facets),
    Job("sale-totals-all", DAY, totals_jobs.count_all_sales, Lane.LONG),
    Job("sale-totals-late", HOUR, partial(totals_jobs.count_new_sales, back=3 * DAY)),
    Job("sale-totals", 5 * MINUTE, partial(totals_jobs.count_new_sales, back=3 * HOUR)),
    Job("balance-copies", 5 * MINUTE, totals_jobs.carry_balances_forward),
    Job("analyze", DAY, totals_jobs.renew_statistics, Lane.LONG),
    Job("event-bodies", DAY, upkeep_jobs.empty_old_bodies),
    Job("booking-work", DAY, commission_jobs.sweep_booking_work, Lane.LONG),
    Job("people", HOUR, upkeep_jobs.tidy_up),
    Job("shop-notices", HOUR, upkeep_jobs.note_shops),
    Job("prune-runs", DAY, upkeep_jobs.prune_old_runs),
)
"""In the order in which the jobs of a lane run when several are due at once, and all jobs of `work`."""


def tick(
    databases: Databases, settings: Settings, now: datetime, lane: Lane | None = None
) -> dict[str, dict[str, Any]]:
    """Run every job of a lane, or of all, whose current slot is not claimed yet. Returns results by name."""
    clock = running_clock(now)
    slots = {job.name: job.slot_at(now) for job in JOBS if lane in (None, job.lane)}
    with read_session(databases.main) as session:
        due = claimable(session, now, {name: slot.name for name, slot in slots.items()})
    return {
        job.name: result
        for job in JOBS
        if job.name in due
        and (result := _run(databases, settings, now, clock, job, slots[job.name])) is not None
    }


def run_all_jobs(
    databases: Databases, settings: Settings, now: datetime, as_of: datetime | None = None
) -> list[dict[str, Any]]:
    """Run every job once, now; or, with `as_of`, as if the scheduler had run each day until then.

    Returns one result for each point in time: {"at": …, "jobs": {name: result of the job}}.
    Raises Invalid when `as_of` is in the past, or before a time as of which jobs have run.
    """
    start = now
    if as_of is not None:
        with read_session(databases.main) as session:
            start = require_forward(session, now, as_of)
    results = []
    for at in _times_to_run(start, as_of):
        slot, clock = Slot(f"by hand at {at:%Y-%m-%dT%H:%M:%S.%fZ}"), running_clock(at)
        done = {job.name: _run(databases, settings, at, clock, job, slot, StartedBy.PERSON) for job in JOBS}
        transact(databases.main, partial(advance_clock, as_of=at))
        results.append({"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "jobs": {k: v for k, v in done.items() if v}})
    return results


def _times_to_run(now: datetime, as_of: datetime | None) -> list[datetime]:
    """Now, then each midnight (UTC) in between, then `as_of`, as if a scheduler had run once a day."""
    if as_of is None:
        return [now]
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    count = max((as_of - midnight) // DAY + 1, 0)
    return [now, *(midnight + DAY * number for number in range(count)), as_of]


def _run(
    databases: Databases,
    settings: Settings,
    now: datetime,
    clock: Callable[[], datetime],
    job: Job,
    slot: Slot,
    started_by: StartedBy = StartedBy.SCHEDULE,
) -> dict[str, Any] | None:
    """Claim the slot, run the job and record its result. Returns None when the slot is claimed already.

    `now` is the time of the slot; `clock` gives the current time, as earlier jobs may have taken minutes.
    """
    own_claim = transact(databases.main, lambda s: _claim(s, clock(), job, slot, started_by))
    if own_claim is None:
        return None
    context = JobContext(databases, settings, now, own_claim, clock)
    before_s = time.thread_time()
    result, failed = _result_of(job, context, slot)
    cost = Cost(round((time.thread_time() - before_s) * 1000), context.rows_done)
    try:
        transact(
            databases.main,
            lambda s: finish(s, clock(), own_claim, failed=failed, result=result, cost=cost),
        )
    except LeaseLost as error:
        log.warning("run lost", job=job.name, slot=slot.name, error=str(error))
    return result


def _claim(session: Session, now: datetime, job: Job, slot: Slot, started_by: StartedBy) -> Claim | None:
    return claim(session, now, job.name, slot.name, started_by, due_at=slot.due_at, every=slot.every)


def _result_of(job: Job, context: JobContext, slot: Slot) -> tuple[dict[str, Any], bool]:
    """The result of the job, and whether it failed. One broken job does not prevent others from running."""
    try:
        result = job.work(context)
        if failed := "error" in result:
            log.error("job failed", job=job.name, slot=slot.name, error=result["error"])
        return result, failed
    except LinkledgerError as error:
        log.error("job failed", job=job.name, slot=slot.name, error=str(error))
        return failed_result(error), True
    except Exception as error:
        log.exception("job broke", job=job.name, slot=slot.name)
        return failed_result(error), True


def _nonempty_report(report: Report) -> dict[str, Any]:
    return {name: value for name, value in report.as_json().items() if value}
