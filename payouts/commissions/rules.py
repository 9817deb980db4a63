"""The commission on a sale, and what refunds leave of it (docs/money.md 3). Pure; integers only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tracker.money import RATE_UNIT_BP, divide_half_up
from tracker.sales.reports.refund_totals import excess_cumulative_minor

Base = Literal["net", "gross", "profit"]


@dataclass(frozen=True)
class SaleAmounts:
    """In minor units. `total` is what the shopper paid; `cost` is None when the shop did not send it."""

    total: int
    tax: int
    shipping: int
    cost: int | None = None

    @property
    def net(self) -> int:
        return self.total - self.tax - self.shipping


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
    total is a refund of the whole net amount.
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


def full_base_minor(sale: SaleAmounts, base: Base) -> int:
    """What the rate is applied to before refunds. Without a known cost, profit is the net amount."""
    if base == "gross":
        return sale.total
    if base == "profit":
        return max(sale.net - (sale.cost or 0), 0)
    return sale.net


def remaining_base_minor(sale: SaleAmounts, base: Base, back: Refunded) -> int:
    """What refunds leave of the base. Net and profit shrink in proportion to the net amount, half up."""
    if base == "gross":
        return sale.total - back.total
    if sale.net == 0:
        return 0
    return divide_half_up(full_base_minor(sale, base) * (sale.net - back.net), sale.net)


def commission_minor(base_minor: int, rate_bp: int) -> int:
    """The rate of the base, rounded half up once for the whole sale."""
    return divide_half_up(base_minor * rate_bp, RATE_UNIT_BP)


@dataclass(frozen=True)
class DisputeUpdate:
    """One reported status of a dispute; `occurred_at` is a string that sorts by time."""

    dispute_id: str
    status: Literal["opened", "won", "lost"]
    amount: int
    occurred_at: str


def decisive_update(updates: Sequence[DisputeUpdate]) -> DisputeUpdate | None:
    """The update of a dispute that counts: a final one before `opened`, else the later (docs/money.md 3).

    Of won and lost at the same time, lost counts: the order of reports must not matter.
    """
    return max(
        updates,
        key=lambda update: (update.status != "opened", update.occurred_at, update.status == "lost"),
        default=None,
    )


@dataclass(frozen=True)
class Facts:
    """Everything that determines what a commission is worth.

    `refunds` are pairs of refund id and amounts; `refund_levels` are cumulative refunds, pairs of payment id
    and amount in minor units.
    """

    sale: SaleAmounts
    refunds: tuple[tuple[str, RefundAmounts], ...] = ()
    disputes: tuple[DisputeUpdate, ...] = ()
    cancelled: bool = False
    declined: bool = False
    failed_refunds: frozenset[str] = frozenset()
    refund_levels: tuple[tuple[str, int], ...] = ()

    def all_refunds(self) -> list[RefundAmounts]:
        """Effective refunds and lost disputes. One that was reported as both, under one id, counts once."""
        by_id = dict(self.effective_refunds())
        for dispute_id in {update.dispute_id for update in self.disputes}:
            effective = decisive_update(
                [update for update in self.disputes if update.dispute_id == dispute_id]
            )
            if effective is not None and effective.status == "lost":
                by_id.setdefault(dispute_id, RefundAmounts(effective.amount))
        return list(by_id.values())

    def effective_refunds(self) -> list[tuple[str, RefundAmounts]]:
        """By id: refunds that did not fail, and the part of cumulative refunds that these do not explain."""
        effective = [(each, amounts) for each, amounts in self.refunds if each not in self.failed_refunds]
        known = sum(amounts.amount for _, amounts in self.refunds)
        if unexplained := excess_cumulative_minor(self.refund_levels, known):
            payments = ", ".join(sorted({payment_id for payment_id, _ in self.refund_levels}))
            effective.append((f"not named, of {payments}", RefundAmounts(unexplained)))
        return effective

    def open_disputes(self) -> list[str]:
        """The ids of disputes that are not decided."""
        ids = sorted({update.dispute_id for update in self.disputes})
        effective = [decisive_update([s for s in self.disputes if s.dispute_id == each]) for each in ids]
        return [update.dispute_id for update in effective if update is not None and update.status == "opened"]


def worth_minor(facts: Facts, base: Base, rate_bp: int) -> int:
    """What the commission is worth after all these facts, in minor units."""
    if facts.declined:
        return 0
    back = refunded(facts.sale, facts.all_refunds(), cancelled=facts.cancelled)
    return commission_minor(remaining_base_minor(facts.sale, base, back), rate_bp)
