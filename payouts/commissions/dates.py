"""When a commission is released, and when it is expected to be paid (docs/money.md 6). Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from payouts.ledger.calendar import Span, days_later, pay_date_of, span_at
from tracker.people.accounts.brand_rules import BrandRules

LATE_REPORT_HOLD_DAYS = 7
"""The minimum hold after a late report of a sale, or the hold of the terms, if that is shorter."""


def release_date(
    rules: BrandRules, occurred_at: datetime, hold_days: int, *, reported_at: datetime
) -> datetime:
    """The release date, in calendar days of the brand's zone: the same wall-clock time, some days later.

    The zone is the one in force at the sale. A sale that is reported late is held longer, so that it can be
    reviewed.
    """
    timezone = rules.calendar_at(occurred_at).timezone
    after_report = days_later(reported_at, min(hold_days, LATE_REPORT_HOLD_DAYS), timezone)
    return max(days_later(occurred_at, hold_days, timezone), after_report)


def expected_pay_date(rules: BrandRules, release_at: datetime) -> str:
    """The day on which a commission released at that time is expected to be paid, as YYYY-MM-DD.

    It is the first pay day of the period that contains the release: the day after the end of its review, in
    the period's time zone. An early approval does not change it.
    """
    return pay_date_of(rules, release_at)


def pay_date_text(pay_date: str, moves: Sequence[Mapping[str, Any]]) -> str:
    """The day that was expected at the accrual and, where it moved, the present one with its reason.

    `moves` are as in JSON (payouts/commissions/pay_dates.py).
    """
    if not moves:
        return f"pay date {pay_date}"
    last = moves[-1]
    if last["to"] == pay_date:
        return f"pay date {pay_date}, as at first: {last['why']}"
    return f"pay date {pay_date}, moved to {last['to']}: {last['why']}"


class PayDates:
    """The expected pay dates of many commissions: each period is computed once."""

    def __init__(self, rules: BrandRules) -> None:
        self._rules = rules
        self._known: list[tuple[Span, str]] = []

    def of(self, release_at: datetime) -> str:
        """As `expected_pay_date`, which is the same for all times of a period."""
        for span, day in self._known:
            if span.starts_at <= release_at < span.ends_at:
                return day
        day = expected_pay_date(self._rules, release_at)
        self._known.append((span_at(self._rules, release_at), day))
        return day
