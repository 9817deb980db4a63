"""Reads what a shop reported about a sale, as a list of causes in chronological order."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import TypeVar

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from config.canonical import ISO_FORMAT
from payouts.commissions.rules import DisputeUpdate, Facts, RefundAmounts, SaleAmounts
from tracker.sales.orders.models import (
    Cancellation,
    CumulativeRefund,
    DisputeStatus,
    Refund,
    RefundFailure,
    Sale,
)

Row = TypeVar("Row", Refund, RefundFailure, CumulativeRefund, Cancellation, DisputeStatus)


@dataclass(frozen=True)
class Cause:
    """One reported happening that may change a commission: a refund, a cancellation, a step of a dispute."""

    id: str
    kind: str
    reason: str
    occurred_at: datetime
    row: Refund | RefundFailure | CumulativeRefund | Cancellation | DisputeStatus

    def applied_to(self, facts: Facts) -> Facts:
        row = self.row
        if isinstance(row, Refund):
            amounts = RefundAmounts(row.amount_minor, row.tax_minor, row.shipping_minor)
            return replace(facts, refunds=(*facts.refunds, (row.refund_id, amounts)))
        if isinstance(row, RefundFailure):
            return replace(facts, failed_refunds=facts.failed_refunds | {row.refund_id})
        if isinstance(row, CumulativeRefund):
            return replace(facts, refund_levels=(*facts.refund_levels, (row.payment_id, row.amount_minor)))
        if isinstance(row, Cancellation):
            return replace(facts, cancelled=True)
        at = row.occurred_at.strftime(ISO_FORMAT)
        step = DisputeUpdate(row.dispute_id, row.status, row.amount_minor, at)  # type: ignore[arg-type]
        return replace(facts, disputes=(*facts.disputes, step))


def sale_amounts(sale: Sale) -> SaleAmounts:
    return SaleAmounts(sale.total_minor, sale.tax_minor, sale.shipping_minor, sale.cost_minor)


def causes_of(session: Session, sale_id: str) -> list[Cause]:
    """Every cause of a sale, oldest first."""
    return causes_of_sales(session, [sale_id]).get(sale_id, [])


def causes_of_sales(session: Session, sale_ids: Sequence[str]) -> dict[str, list[Cause]]:
    """The same for several sales at once; a sale without causes is left out."""
    found: dict[str, list[Cause]] = defaultdict(list)
    asked = {"sale_ids": sale_ids}
    for row in session.scalars(_rows_of_sales(Refund), asked):
        reason = row.reason or "refunded by the shop"
        found[row.sale_id].append(Cause(row.id, "refund", reason, row.occurred_at, row))
    for failure in session.scalars(_rows_of_sales(RefundFailure), asked):
        reason = f"refund {failure.refund_id} failed, the money went back to the shop"
        cause = Cause(failure.id, "refund_failed", reason, failure.occurred_at, failure)
        found[failure.sale_id].append(cause)
    for level in session.scalars(_rows_of_sales(CumulativeRefund), asked):
        reason = f"refunds of {level.payment_id} came to {level.amount_minor}"
        found[level.sale_id].append(Cause(level.id, "refund_level", reason, level.occurred_at, level))
    for cancellation in session.scalars(_rows_of_sales(Cancellation), asked):
        reason = "order cancelled by the shop"
        found[cancellation.sale_id].append(
            Cause(cancellation.id, "cancellation", reason, cancellation.occurred_at, cancellation)
        )
    for step in session.scalars(_rows_of_sales(DisputeStatus), asked):
        kind, reason = f"dispute_{step.status}", f"payment dispute {step.status}"
        found[step.sale_id].append(Cause(step.id, kind, reason, step.occurred_at, step))
    for causes in found.values():
        causes.sort(key=lambda cause: (cause.occurred_at, cause.id))
    return dict(found)


@cache
def _rows_of_sales(table: type[Row]) -> Select[Row]:
    """To be asked with `sale_ids`."""
    return select(table).where(table.sale_id.in_(bindparam("sale_ids", expanding=True)))
