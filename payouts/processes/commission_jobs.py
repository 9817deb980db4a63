"""The jobs for commissions: accrual, new reports, disputes without an end, holds that end, release."""

from datetime import datetime
from typing import Any

from config.database import read_session
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due
from payouts.commissions.holds.ending import end_holds
from payouts.commissions.holds.ends import asked_until
from payouts.commissions.holds.of_disputes import UnendedDispute, disputes_to_ask, enter_answer
from payouts.commissions.release import release_due
from payouts.jobs.context import JobContext
from payouts.transfers.rail import open_rail
from payouts.transfers.stripe.client import RailError, StripeRail

BATCH = 2_000
"""The most rows of a batch; it has fewer where they take longer (payouts/jobs/context.py)."""


def accrue(context: JobContext) -> dict[str, Any]:
    done = context.run_in_batches(accrue_due, BATCH)
    return done.as_result(commissions=sum(done.results.values()))


def adjust(context: JobContext) -> dict[str, Any]:
    done = context.run_in_batches(adjust_due, BATCH)
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
    done = context.run_in_batches(end_holds, BATCH)
    return done.as_result(ended=sum(done.results.values()))


def release(context: JobContext) -> dict[str, Any]:
    done = context.run_in_batches(release_due, BATCH)
    return done.as_result(released=sum(done.results.values()))
