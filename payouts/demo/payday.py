"""Going on to the next payday: the times at which jobs have to run for it, and running them."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from config.database import Databases, read_session
from config.settings import Settings
from payouts.demo.queries import demo_brand, demo_time, statements
from payouts.ledger.calendar import Span, midnight_after, span_of
from payouts.processes.job_table import run_all_jobs
from tracker.errors import Fault
from tracker.people.accounts.models import Brand

AFTER_BOUNDARY = timedelta(hours=1)
"""Jobs run this long after a boundary, so that no result depends on the exact second."""


def next_payday(session: Session, brand: Brand, at: datetime) -> datetime:
    """When the brand pays next after `at`, unless a person approves a statement earlier."""
    ahead = [statement.pay_from for statement, _period in statements(session, brand)]
    present = span_of(at, brand.cadence, brand.timezone)
    return min(day for day in [*ahead, _payday(brand, present)] if day > at)


def run_next_payday(databases: Databases, settings: Settings, now: datetime) -> datetime:
    """Run the jobs as of the end of the month, the end of its review, and its payday. Returns the payday.

    The scheduler of a real installation runs them all the time; only these three times matter here.
    Raises Fault when a job failed.
    """
    with read_session(databases.main) as session:
        brand = demo_brand(session)
        start = demo_time(session, now)
        payday = next_payday(session, brand, start)
    last_month = span_of(payday - timedelta(days=brand.review_days + 2), brand.cadence, brand.timezone)
    review_ends_at = midnight_after(last_month.ends_at, brand.review_days, brand.timezone)
    for at in (last_month.ends_at + AFTER_BOUNDARY, review_ends_at + AFTER_BOUNDARY, payday + AFTER_BOUNDARY):
        if at <= start:
            continue
        for result in run_all_jobs(databases, settings, at):
            for job, done in result["jobs"].items():
                if "error" in done:
                    raise Fault(f"The job {job} failed: {done['error']}")
    return payday


def _payday(brand: Brand, month: Span) -> datetime:
    return midnight_after(month.ends_at, brand.review_days + 1, brand.timezone)
