"""Until when a hold may last, and until when a released commission can be declined (docs/money.md 6)."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.commissions.models import Commission
from payouts.commissions.movements import movements_of_commission
from payouts.ledger.calendar import days_later, start_of_day
from payouts.ledger.models import Period
from payouts.statements.models import Statement
from tracker.errors import Conflict, Invalid
from tracker.people.accounts.brand_rules import BrandRules
from tracker.people.accounts.rules_versions import load_rules

DECLINE_DAYS = 180
"""After the seal of the statement that released the commission."""


def end_of_hold(until: date, now: datetime, latest: datetime, rules: BrandRules) -> datetime:
    """The end of the brand's day `until`, but not later than `latest`. Pure.

    Raises Invalid, with the range, when that day is over, or comes after the day of `latest`.
    """
    zone = ZoneInfo(rules.calendar_at(now).timezone)
    first, last = now.astimezone(zone).date(), latest.astimezone(zone).date()
    if not first <= until <= last:
        raise Invalid(f"The hold can end on a day from {first} to {last}, not on {until}.")
    return min(start_of_day(rules, until + timedelta(days=1)), latest)


def require_declinable(
    session: Session, now: datetime, commission: Commission, code: str, evidence: str
) -> None:
    """What a sealed statement released can be declined for DECLINE_DAYS, with evidence and a clear code.

    Raises Conflict after that time, Invalid without evidence or with the code `other`.
    """
    found = _sealed_release(session, commission)
    if found is None:
        return
    statement, period = found
    assert statement.sealed_at is not None
    timezone = load_rules(session, commission.brand_id).calendar_at(now).timezone
    ends_at = days_later(statement.sealed_at, DECLINE_DAYS, timezone)
    end = f"{ends_at:%Y-%m-%d %H:%M} UTC"
    released = f"The sealed statement of {period.name} released {commission.id}"
    if now >= ends_at:
        raise Conflict(f"{released}: it could be declined until {end}, {DECLINE_DAYS} days after the seal.")
    if code == "other" or not evidence.strip():
        raise Invalid(
            f"{released}: until {end} it can be declined with evidence (--evidence), and for another reason "
            "than 'other'."
        )


def _sealed_release(session: Session, commission: Commission) -> tuple[Statement, Period] | None:
    """The last sealed statement that released the commission.

    None when the sealed statements released nothing of it, or held again what they had released.
    """
    moved = movements_of_commission(session, commission.id)
    rows = session.execute(
        select(Statement, Period)
        .join(Period, Period.id == Statement.period_id)
        .where(
            Statement.brand_id == commission.brand_id,
            Statement.currency == commission.currency,
            Statement.state == "sealed",
            Period.starts_at.in_(list(moved)),
        )
        .order_by(Period.starts_at)
    )
    released_minor, found = 0, None
    for statement, period in rows:
        in_period = moved[period.starts_at].released_minor
        released_minor += in_period
        if in_period > 0:
            found = (statement, period)
    return found if released_minor > 0 else None
