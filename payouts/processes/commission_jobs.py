"""The jobs for commissions: accrual, new reports, disputes without an end, holds that end, release."""

from datetime import datetime
from functools import partial
from typing import Any

from config.database import read_session
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import AdjustmentRun, brands_to_adjust
from payouts.commissions.due.sweep import missing_work, note_work
from payouts.commissions.due.work import ACCRUAL, brands_with_work
from payouts.commissions.holds.ending import brands_with_ended_holds, end_holds
from payouts.commissions.holds.ends import asked_until
from payouts.commissions.holds.of_disputes import UnendedDispute, disputes_to_ask, enter_answer
from payouts.commissions.holds.reapplying import brands_to_hold_again, reapply_holds
from payouts.commissions.models import WorkKind
from payouts.commissions.release import ReleaseRun, brands_to_release
from payouts.jobs.context import JobContext
from payouts.transfers.rail import open_rail
from payouts.transfers.stripe.client import RailError, StripeRail

BATCH = 2_000
"""The most rows of a batch; it has fewer where they take longer (payouts/jobs/context.py)."""


SWEEP_ROWS = 5_000
"""The causes of one page of the sweep, whose read takes some milliseconds."""


def accrue(context: JobContext) -> dict[str, Any]:
    done = context.run_in_batches(accrue_due, BATCH, partial(brands_with_work, kinds=ACCRUAL))
    return done.as_result(commissions=sum(done.results.values()))


def adjust(context: JobContext) -> dict[str, Any]:
    done = context.run_in_batches(AdjustmentRun(), BATCH, brands_to_adjust)
    return done.as_result(commissions=sum(done.results.values()))


def ask_about_disputes(context: JobContext) -> dict[str, Any]:
    """Ask about each dispute that has lasted too long; where that fails, the next day again."""
    with read_session(context.databases.main) as session:
        due = {each.hold_id: each for each in disputes_to_ask(session, context.now)}
    if not due:
        return {}
    with open_rail(context.settings) as rail:

        def ask(hold_id: str) -> Any:
            found = _found_at_provider(rail, due[hold_id], context.now)
            keys = context.settings.secret_keys
            return context.write(lambda s: enter_answer(s, context.now, due[hold_id], found, keys=keys))

        done = context.each(due, ask)
    return done.as_result(asked=done.results)


def sweep_booking_work(context: JobContext) -> dict[str, Any]:
    """Note what waits to be booked and is not noted. It reads by pages, and locks only for what it finds."""
    noted = 0
    for kind in WorkKind:
        last_id: str | None = ""
        while last_id is not None:
            with read_session(context.databases.main) as session:
                page = missing_work(session, kind, last_id, SWEEP_ROWS)
            if page.found:
                noted += context.write(partial(note_work, missing=page.found))
            context.renew()
            last_id = page.last_id
    return {"noted": noted}


def _found_at_provider(rail: StripeRail, dispute: UnendedDispute, now: datetime) -> dict[str, Any] | None:
    """The dispute as the provider has it; None when it cannot be asked.

    The rail's provider is the only one that can be asked. Raises RailError while it does not respond, but not
    for longer than that may take.
    """
    if dispute.source_id is None:
        return None
    try:
        return rail.dispute(dispute.dispute_id)
    except RailError:
        if now < asked_until(dispute.placed_at, dispute.timezone):
            raise
        return None


def end_old_holds(context: JobContext) -> dict[str, Any]:
    done = context.run_in_batches(end_holds, BATCH, partial(brands_with_ended_holds, now=context.now))
    return done.as_result(ended=sum(done.results.values()))


def release(context: JobContext) -> dict[str, Any]:
    """Release what is due, and first hold again what is held: of either, only the brands that have some.

    What comes back while this runs is held by the next run, and in any case before a payout.
    """
    held = context.run_in_batches(reapply_holds, BATCH, brands_to_hold_again)
    done = context.run_in_batches(ReleaseRun(), BATCH, partial(brands_to_release, now=context.now))
    done.add_errors_of(held)
    return done.as_result(released=sum(held.results.values()) + sum(done.results.values()))
