"""The jobs that keep up to date what pages read: totals, balances, statistics of the databases."""

from datetime import timedelta
from typing import Any

from payouts.jobs.context import JobContext
from payouts.processes.analyze import analyze
from payouts.rollups.balances import brands_with_postings, carry_balances
from payouts.rollups.count_sales import SalesCount
from payouts.rollups.recorded import EPOCH
from tracker.clicks import jobs as click_jobs

BATCH = 2_000
"""The most transactions of a batch."""


def carry_balances_forward(context: JobContext) -> dict[str, Any]:
    done = context.run_in_batches(carry_balances, BATCH, brands_with_postings)
    return done.as_result(transactions=sum(done.results.values()))


def count_new_sales(context: JobContext, back: timedelta) -> dict[str, Any]:
    """Compute the totals of the days about which something was recorded within `back`."""
    count = SalesCount(context.databases.main, context.write)
    return {"days": count.count_new(context.now - back, context.now)}


def count_all_sales(context: JobContext) -> dict[str, Any]:
    """The same for all time: a row may have been recorded late, with an id of long ago."""
    count = SalesCount(context.databases.main, context.write)
    return {"days": count.count(EPOCH, context.now)}


def count_facets(context: JobContext) -> dict[str, Any]:
    return click_jobs.count_facets(context.databases, context.renew)


def renew_statistics(context: JobContext) -> dict[str, Any]:
    """No result is reported: it is the same each day."""
    analyze(context.databases)
    return {}
