"""What refunds take back of a sale, and what they leave of the base (docs/money.md 3). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from payouts.commissions.worth.rules import Base, full_base_minor
from tracker.money import divide_half_up
from tracker.sales.reports.sale_amounts import SaleAmounts


@dataclass(frozen=True)
class RefundAmounts:
    """A refund in minor units. When it states neither tax nor shipping, `refunded` divides it by a rule."""

    amount: int
    tax: int | None = None
    shipping: int | None = None

    @property
    def stated(self) -> bool:
        return self.tax is not None or self.shipping is not None

    @property
    def net(self) -> int:
        return max(self.amount - (self.tax or 0) - (self.shipping or 0), 0)


@dataclass(frozen=True)
class Refunded:
    """All refunds of a sale together, in minor units: of the total, and of the net amount."""

    total: int
    net: int


def refunded(sale: SaleAmounts, refunds: Sequence[RefundAmounts], *, cancelled: bool) -> Refunded:
    """Sum up refunds. Neither their order nor the number of parts changes the result (docs/money.md 3).

    Stated refunds are subtracted from total and net as they say. Unstated refunds are divided in proportion
    to the total and net that the stated ones left. Sums are capped at what was paid. A refund of the whole
    total is exactly a refund of the whole net amount.
    """
    if cancelled:
        return Refunded(sale.total, sale.net)
    stated_total = min(sum(refund.amount for refund in refunds if refund.stated), sale.total)
    stated_net = min(sum(refund.net for refund in refunds if refund.stated), sale.net)
    rest = sale.total - stated_total
    unstated = min(sum(refund.amount for refund in refunds if not refund.stated), rest)
    if stated_total + unstated == sale.total:
        return Refunded(sale.total, sale.net)
    net = stated_net + divide_half_up(unstated * (sale.net - stated_net), rest)
    return Refunded(stated_total + unstated, net)


def remaining_base_minor(sale: SaleAmounts, base: Base, back: Refunded) -> int:
    """What refunds leave of the base. Net and profit shrink in proportion to the net amount, half up."""
    if base == "gross":
        return sale.total - back.total
    if sale.net == 0:
        return 0
    return divide_half_up(full_base_minor(sale, base) * (sale.net - back.net), sale.net)
