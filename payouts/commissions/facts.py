"""Reads what a shop reported about a sale, as a row of causes in the order in which they happened."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.canonical import ISO_FORMAT
from payouts.commissions.rules import DisputeStep, Facts, RefundAmounts, SaleAmounts
from tracker.sales.models import Cancellation, DisputeStatus, Refund, Sale


@dataclass(frozen=True)
class Cause:
    """One reported happening that may change a commission: a refund, a cancellation, a step of a dispute."""

    id: str
    kind: str
    reason: str
    occurred_at: datetime
    row: Refund | Cancellation | DisputeStatus

    def added_to(self, facts: Facts) -> Facts:
        row = self.row
        if isinstance(row, Refund):
            amounts = RefundAmounts(row.amount, row.tax, row.shipping)
            return replace(facts, refunds=(*facts.refunds, (row.refund_id, amounts)))
        if isinstance(row, Cancellation):
            return replace(facts, cancelled=True)
        order = (row.occurred_at.strftime(ISO_FORMAT), row.id)
        step = DisputeStep(row.dispute_id, row.status, row.amount, order)  # type: ignore[arg-type]
        return replace(facts, disputes=(*facts.disputes, step))


def sale_amounts(sale: Sale) -> SaleAmounts:
    return SaleAmounts(sale.total, sale.tax, sale.shipping, sale.cost)


def causes_of(session: Session, sale_id: str) -> list[Cause]:
    """Every cause of a sale, oldest first."""
    found = [
        Cause(row.id, "refund", row.reason or "refunded by the shop", row.occurred_at, row)
        for row in session.execute(select(Refund).where(Refund.sale_id == sale_id)).scalars()
    ]
    found += [
        Cause(row.id, "cancellation", "order cancelled by the shop", row.occurred_at, row)
        for row in session.execute(select(Cancellation).where(Cancellation.sale_id == sale_id)).scalars()
    ]
    found += [
        Cause(row.id, f"dispute_{row.status}", f"payment dispute {row.status}", row.occurred_at, row)
        for row in session.execute(select(DisputeStatus).where(DisputeStatus.sale_id == sale_id)).scalars()
    ]
    return sorted(found, key=lambda cause: (cause.occurred_at, cause.id))
