"""The job table: which jobs run, how often, in which order. Entry point: each job opens its own transactions.

APScheduler only calls `tick` at intervals. Jobs read from the database what is due, so nothing is lost while
no scheduler runs, and two schedulers can run safely.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import select

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.jobs.claims import (
    LeaseLost,
    advance_clock,
    claim,
    finish,
    prune_runs,
    require_forward,
)
from payouts.jobs.context import JobContext
from payouts.jobs.models import StartedBy
from payouts.jobs.reasons import failed_result
from payouts.processes import check_jobs, commission_jobs, statement_jobs
from payouts.selfcheck.runs import require_consistent_books
from payouts.settlement.freezes import active_freezes
from payouts.settlement.models import Payout
from payouts.transfers.planning.preparation import anything_to_send
from payouts.transfers.rail import open_rail
from payouts.transfers.reconciliation.reconciliation import reconcile
from payouts.transfers.sending.attempts import claimable_attempts
from payouts.transfers.sending.report import Report
from payouts.transfers.sending.run import PayoutRun, running_clock
from tracker.clicks.jobs import (
    confirm_clicks,
    count_clicks,
    drain_spools,
    partition_clicks,
    prune_clicks,
    renew_visitor_keys,
)
from tracker.errors import Fault, LinkledgerError
from tracker.sales.inbox.jobs import empty_old_events
from tracker.sales.queries import credited_clicks

BATCH = 200
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CONFIRMATION_LOOK_BACK = 7 * DAY
"""How long after a sale its click can still be confirmed as a visit; it may have waited in a spool."""

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


def _count_clicks(context: JobContext, back: timedelta) -> dict[str, Any]:
    return count_clicks(context.databases.clicks, context.now, context.renew, back)


def _confirm_clicks(context: JobContext) -> dict[str, Any]:
    with read_session(context.databases.main) as session:
        credited = credited_clicks(session, context.now - CONFIRMATION_LOOK_BACK)
    return confirm_clicks(context.databases.clicks, context.renew, credited)


def _prune_clicks(context: JobContext) -> dict[str, Any]:
    keep = timedelta(days=context.settings.click_days)
    return prune_clicks(context.databases.clicks, context.now, context.renew, keep)


def _partition_clicks(context: JobContext) -> dict[str, Any]:
    return partition_clicks(context.databases.clicks, context.now)


def _drain_spools(context: JobContext) -> dict[str, Any]:
    return drain_spools(context.settings)


def _renew_visitor_keys(context: JobContext) -> dict[str, Any]:
    return renew_visitor_keys(context.settings.home)


def _empty_events(context: JobContext) -> dict[str, Any]:
    before = context.now - timedelta(days=context.settings.event_days)
    return {"emptied": empty_old_events(context.databases.main, before, context.now, context.renew)}


def _prune_runs(context: JobContext) -> dict[str, Any]:
    total = 0
    while done := context.write(lambda s: prune_runs(s, context.now, BATCH)):
        total += done
    return {"forgotten": total}


@dataclass(frozen=True)
class Job:
    """`every` is the length of a slot; a job runs at most once per slot."""

    name: str
    every: timedelta
    work: Callable[[JobContext], dict[str, Any]]


JOBS = (
    Job("accrue", MINUTE, commission_jobs.accrue),
    Job("disputes", DAY, commission_jobs.ask_about_disputes),
    Job("adjust", MINUTE, commission_jobs.adjust),
    Job("holds", 10 * MINUTE, commission_jobs.end_old_holds),
    Job("mature", MINUTE, commission_jobs.release),
    Job("close", HOUR, statement_jobs.close_periods),
    Job("approve", HOUR, statement_jobs.approve_drafts),
    Job("seal", MINUTE, statement_jobs.seal_statements),
    Job("settle-payouts", 5 * MINUTE, _resolve_attempts),
    Job("pay", HOUR, _pay),
    Job("reconcile", DAY, _reconcile),
    Job("check", 10 * MINUTE, check_jobs.check_since_marks),
    Job("check-full", DAY, check_jobs.check_everything),
    Job("click-spools", MINUTE, _drain_spools),
    Job("visitor-keys", HOUR, _renew_visitor_keys),
    Job("click-partitions", DAY, _partition_clicks),
    Job("click-confirm", 5 * MINUTE, _confirm_clicks),
    Job("click-prune", DAY, _prune_clicks),
    Job("click-totals-late", HOUR, partial(_count_clicks, back=3 * DAY)),
    Job("click-totals", 5 * MINUTE, partial(_count_clicks, back=3 * HOUR)),
    Job("event-bodies", DAY, _empty_events),
    Job("prune-runs", DAY, _prune_runs),
)
"""In the order in which they run when several are due at once."""


def tick(databases: Databases, settings: Settings, now: datetime) -> dict[str, dict[str, Any]]:
    """Run every job whose current slot is not claimed yet. Returns their results by name."""
    clock = running_clock(now)
    return {
        job.name: result
        for job in JOBS
        if (result := _run(databases, settings, now, clock, job, _slot(job, now))) is not None
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
        slot, clock = f"by hand at {at:%Y-%m-%dT%H:%M:%S.%fZ}", running_clock(at)
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


def _slot(job: Job, now: datetime) -> str:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return f"{epoch + (now - epoch) // job.every * job.every:%Y-%m-%dT%H:%MZ}"


def _run(
    databases: Databases,
    settings: Settings,
    now: datetime,
    clock: Callable[[], datetime],
    job: Job,
    slot: str,
    started_by: StartedBy = StartedBy.SCHEDULE,
) -> dict[str, Any] | None:
    """Claim the slot, run the job and record its result. Returns None when the slot is claimed already.

    `now` is the time of the slot; `clock` gives the current time, as earlier jobs may have taken minutes.
    """
    own_claim = transact(databases.main, lambda s: claim(s, now, job.name, slot, started_by))
    if own_claim is None:
        return None
    try:
        result = job.work(JobContext(databases, settings, now, own_claim, clock))
        if failed := "error" in result:
            log.error("job failed", job=job.name, slot=slot, error=result["error"])
    except LinkledgerError as error:
        result, failed = failed_result(error), True
        log.error("job failed", job=job.name, slot=slot, error=str(error))
    except Exception as error:  # one broken job must not prevent the others from running
        result, failed = failed_result(error), True
        log.exception("job broke", job=job.name, slot=slot)
    try:
        transact(databases.main, lambda s: finish(s, now, own_claim, failed=failed, result=result))
    except LeaseLost as error:
        log.warning("run lost", job=job.name, slot=slot, error=str(error))
    return result


def _nonempty_report(report: Report) -> dict[str, Any]:
    return {name: value for name, value in report.as_json().items() if value}
