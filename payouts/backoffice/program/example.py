"""What one order would pay: the rules of commissions and pay dates, applied to an invented order. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, cast
from zoneinfo import ZoneInfo

from payouts.commissions.dates import expected_pay_date, release_date
from payouts.commissions.worth.rules import commission_minor, full_base_minor
from payouts.ledger.calendar import span_at
from tracker.money import Money
from tracker.people.accounts.brand_rules import BrandRules
from tracker.people.accounts.minimums import default_minimum_minor
from tracker.programs.rules import Conditions
from tracker.sales.reports.sale_amounts import SaleAmounts

TAX_PERCENT = 15
SHIPPING_PERCENT = 5
"""Of the total, so that the amounts are round in every currency: of 100.00 these are 15.00 and 5.00."""


@dataclass(frozen=True)
class Example:
    """An order that is paid now, and its commission. `statement_ends_at` is the end of the period."""

    total: Money
    tax: Money
    shipping: Money
    base: Money
    base_kind: str
    rate_bp: int
    commission: Money
    hold_days: int
    ordered_at: datetime
    release_at: datetime
    period: str
    statement_ends_at: datetime
    pay_date: str
    minimum: Money
    timezone: str

    @property
    def ordered_on(self) -> date:
        return self._day(self.ordered_at)

    @property
    def released_on(self) -> date:
        return self._day(self.release_at)

    @property
    def statement_until(self) -> date:
        """The last day of the period."""
        return self._day(self.statement_ends_at - timedelta(microseconds=1))

    @property
    def paid_on(self) -> date:
        return date.fromisoformat(self.pay_date)

    def _day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.timezone)).date()

    @property
    def is_below_minimum(self) -> bool:
        """Whether this order alone would not be paid."""
        return self.commission < self.minimum


def example_order(conditions: Conditions, rules: BrandRules, minimum: Money, now: datetime) -> Example:
    """An order of 100.00 EUR, or about as much in another currency, with tax and shipping, paid at `now`.

    Its cost is not known, as of most shops: then profit is the net amount (docs/money.md 3).
    """
    currency = minimum.currency
    total = 2 * default_minimum_minor(currency)
    sale = SaleAmounts(total, total * TAX_PERCENT // 100, total * SHIPPING_PERCENT // 100)
    base = full_base_minor(sale, cast(Literal["net", "gross", "profit"], conditions.base))
    release_at = release_date(rules, now, conditions.hold_days, reported_at=now)
    span = span_at(rules, release_at)
    return Example(
        total=Money(sale.total, currency),
        tax=Money(sale.tax, currency),
        shipping=Money(sale.shipping, currency),
        base=Money(base, currency),
        base_kind=conditions.base,
        rate_bp=conditions.rate_bp,
        commission=Money(commission_minor(base, conditions.rate_bp), currency),
        hold_days=conditions.hold_days,
        ordered_at=now,
        release_at=release_at,
        period=span.name,
        statement_ends_at=span.ends_at,
        pay_date=expected_pay_date(rules, release_at),
        minimum=minimum,
        timezone=rules.calendar_at(now).timezone,
    )
