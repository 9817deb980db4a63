"""The jobs for commissions: accrual, new reports, disputes without an end, holds that end, release."""

from typing import Any

from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due
from payouts.commissions.holds.ending import end_holds
from payouts.commissions.release import release_due
from payouts.jobs.context import JobContext

BATCH = 200


def accrue(context: JobContext) -> dict[str, Any]:
    done = context.run_in_batches(accrue_due, BATCH)
    return done.as_result(commissions=sum(done.results.values()))


def adjust(context: JobContext) -> dict[str, Any]:
    done = context.run_in_batches(adjust_due, BATCH)
    return done.as_result(commissions=sum(done.results.values()))


def end_old_holds(context: JobContext) -> dict[str, Any]:
    done = context.run_in_batches(end_holds, BATCH)
    return done.as_result(ended=sum(done.results.values()))


def release(context: JobContext) -> dict[str, Any]:
    done = context.run_in_batches(release_due, BATCH)
    return done.as_result(released=sum(done.results.values()))
