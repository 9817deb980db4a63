"""What a commission is worth after refunds, disputes, cancellation and decline (docs/money.md 3). Pure."""

from dataclasses import dataclass

from payouts.commissions.worth.disputes import DisputeUpdate, decisive_update
from payouts.commissions.worth.refunds import RefundAmounts, refunded, remaining_base_minor
from payouts.commissions.worth.rules import Base, commission_minor
from tracker.sales.reports.cumulative_refunds import excess_cumulative_minor
from tracker.sales.reports.sale_amounts import SaleAmounts


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
        """By id: refunds that did not fail, and the part of cumulative refunds that no refund explains.

        A failed refund explains its amount, too: a cumulative refund still contains it.
        """
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
