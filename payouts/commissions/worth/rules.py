"""The base of a commission, its rate and its rounding (docs/money.md 3). Pure; integers only."""

from typing import Literal

from tracker.money import RATE_UNIT_BP, divide_half_up
from tracker.sales.reports.sale_amounts import SaleAmounts

Base = Literal["net", "gross", "profit"]


def full_base_minor(sale: SaleAmounts, base: Base) -> int:
    """What the rate is applied to before refunds. Without a known cost, profit is the net amount."""
    if base == "gross":
        return sale.total
    if base == "profit":
        return max(sale.net - (sale.cost or 0), 0)
    return sale.net


def commission_minor(base_minor: int, rate_bp: int) -> int:
    """The rate of the base, rounded half up once for the whole sale."""
    return divide_half_up(base_minor * rate_bp, RATE_UNIT_BP)
