"""Reads the reports about a sale as a list of causes in chronological order."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer

from config.among import among
from config.canonical import ISO_FORMAT
from payouts.commissions.reasons import COMMISSION_TEXTS, CommissionReason
from payouts.commissions.worth.disputes import DisputeUpdate
from payouts.commissions.worth.facts import Facts
from payouts.commissions.worth.refunds import RefundAmounts
from tracker.reasons import Reason
from tracker.sales.orders.models import (
    Cancellation,
    CumulativeRefund,
    DisputeStatus,
    Refund,
    RefundFailure,
)

Row = TypeVar("Row", Refund, RefundFailure, CumulativeRefund, Cancellation, DisputeStatus)


REPORT_KINDS = frozenset(
    {
        "refund",
        "refund_failed",
        "refund_level",
        "cancellation",
        "dispute_opened",
        "dispute_won",
        "dispute_lost",
    }
)
"""Kinds of entries whose causes are reports of a shop."""


@dataclass(frozen=True)
class Cause:
    """A report that may change a commission: a refund, a cancellation or a status of a dispute."""

    id: str
    kind: str
    occurred_at: datetime
    row: Refund | RefundFailure | CumulativeRefund | Cancellation | DisputeStatus

    def comes_late(self, until: datetime | None) -> bool:
        """Whether it would take back after the time in which the program takes back; None: it always may."""
        if until is None or self.occurred_at <= until or isinstance(self.row, RefundFailure):
            return False
        return not isinstance(self.row, DisputeStatus) or self.row.status == "lost"

    def reason(self, currency: str, until: datetime | None = None) -> Reason:
        """Why the commission changes, or does not. `currency` is the sale's; `until` as in `comes_late`."""
        if self.comes_late(until):
            reason = COMMISSION_TEXTS.columns(self.reason(currency))
            return Reason(CommissionReason.AFTER_TAKE_BACK, {"event": reason})
        row = self.row
        if isinstance(row, Refund):
            if row.reason:
                return Reason(CommissionReason.REFUND_WITH_SHOP_WORDS, {"words": row.reason})
            return Reason(CommissionReason.REFUNDED)
        if isinstance(row, RefundFailure):
            return Reason(CommissionReason.REFUND_FAILED, {"refund": row.refund_id})
        if isinstance(row, CumulativeRefund):
            amount = {"minor": row.amount_minor, "currency": currency}
            return Reason(CommissionReason.CUMULATIVE_REFUND, {"payment": row.payment_id, "amount": amount})
        if isinstance(row, Cancellation):
            return Reason(CommissionReason.ORDER_CANCELLED)
        return Reason(_DISPUTE_REASONS[row.status], {"dispute": row.dispute_id})

    def applied_to(self, facts: Facts, until: datetime | None = None) -> Facts:
        """The facts with this cause added. One that comes late ends a dispute, but takes nothing."""
        row = self.row
        if self.comes_late(until) and not isinstance(row, DisputeStatus):
            return facts
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
        amount_minor = 0 if self.comes_late(until) else row.amount_minor
        step = DisputeUpdate(row.dispute_id, row.status, amount_minor, at)  # type: ignore[arg-type]
        return replace(facts, disputes=(*facts.disputes, step))


_DISPUTE_REASONS = {
    "opened": CommissionReason.DISPUTE_OPENED,
    "won": CommissionReason.DISPUTE_WON,
    "lost": CommissionReason.DISPUTE_LOST,
}


def causes_of(session: Session, sale_id: str) -> list[Cause]:
    """Every cause of a sale, oldest first."""
    return causes_of_sales(session, [sale_id]).get(sale_id, [])


def causes_of_sales(session: Session, sale_ids: Sequence[str]) -> dict[str, list[Cause]]:
    """Causes by sale id, oldest first; a sale without causes is left out."""
    found: dict[str, list[Cause]] = defaultdict(list)
    parameters = {"sale_ids": sale_ids}
    for row in session.scalars(_rows_of_sales(Refund), parameters):
        found[row.sale_id].append(Cause(row.id, "refund", row.occurred_at, row))
    for failure in session.scalars(_rows_of_sales(RefundFailure), parameters):
        found[failure.sale_id].append(Cause(failure.id, "refund_failed", failure.occurred_at, failure))
    for level in session.scalars(_rows_of_sales(CumulativeRefund), parameters):
        found[level.sale_id].append(Cause(level.id, "refund_level", level.occurred_at, level))
    for cancellation in session.scalars(_rows_of_sales(Cancellation), parameters):
        found[cancellation.sale_id].append(
            Cause(cancellation.id, "cancellation", cancellation.occurred_at, cancellation)
        )
    for step in session.scalars(_rows_of_sales(DisputeStatus), parameters):
        found[step.sale_id].append(Cause(step.id, f"dispute_{step.status}", step.occurred_at, step))
    for causes in found.values():
        causes.sort(key=lambda cause: (cause.occurred_at, cause.id))
    return dict(found)


@cache
def _rows_of_sales(table: type[Row]) -> Select[Row]:
    """Without columns that no rule reads. Parameter: `sale_ids`."""
    unread = [defer(getattr(table, each)) for each in _UNREAD if hasattr(table, each)]
    return select(table).options(*unread).where(among(table.sale_id, "sale_ids"))


_UNREAD = ("created_at", "payload_hash", "items", "excluded")
