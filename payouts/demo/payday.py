"""Going on to the next payday: the times at which jobs have to run for it, and running them."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from config.database import Databases, read_session
from config.settings import Settings
from payouts.demo.queries import demo_brand, demo_time, statements
from payouts.ledger.calendar import midnight_after, payday_of, span_at
from payouts.processes.job_table import run_all_jobs
from tracker.errors import Fault
from tracker.people.accounts.models import Brand
from tracker.people.accounts.rules_versions import load_rules

AFTER_BOUNDARY = timedelta(hours=1)
"""Jobs run this long after a boundary, so that no result depends on the exact second."""


def next_payday(session: Session, brand: Brand, at: datetime) -> datetime:
    """When the brand pays next after `at`, unless a person approves a statement earlier."""
    ahead = [statement.pay_from for statement, _period in statements(session, brand)]
    present = payday_of(load_rules(session, brand.id), at)
    return min(day for day in [*ahead, present] if day > at)


def run_next_payday(databases: Databases, settings: Settings, now: datetime) -> datetime:
    """Run the jobs as of the end of the month, the end of its review, and its payday. Returns the payday.

    The scheduler of a real installation runs them all the time; only these three times matter here.
    Raises Fault when a job failed.
    """
    with read_session(databases.main) as session:
        brand = demo_brand(session)
        start = demo_time(session, now)
        payday = next_payday(session, brand, start)
        rules = load_rules(session, brand.id)
    review_days = rules.review_days_at(start)
    last_month = span_at(rules, payday - timedelta(days=review_days + 2))
    timezone = rules.calendar_at(last_month.starts_at).timezone
    review_ends_at = midnight_after(last_month.ends_at, review_days, timezone)
    for at in (last_month.ends_at + AFTER_BOUNDARY, review_ends_at + AFTER_BOUNDARY, payday + AFTER_BOUNDARY):
        if at <= start:
            continue
        for result in run_all_jobs(databases, settings, at):
            for job, done in result["jobs"].items():
                if "error" in done:
                    raise Fault(f"The job {job} failed: {done['error']}")
    return payday
