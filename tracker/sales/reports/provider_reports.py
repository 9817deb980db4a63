"""The rest of the normal form: what payment providers and shops report beside sales, refunds and disputes.

`standard` needs none of it, because whoever writes our own schema can name the order and the amounts at once.
Providers cannot: they speak of payments, of totals so far, and tell the same sale in two messages.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from tracker.sales.reports.normal import (
    CancellationReport,
    DisputeReport,
    RefundReport,
    Report,
    SaleReport,
    unique_tokens,
)


@dataclass(frozen=True)
class EvidenceReport:
    """Who deserves credit for an order whose amounts another message reports. It waits for that one."""

    order_id: str
    click: str | None = field(default=None, repr=False)
    touches: tuple[str, ...] = field(default=(), repr=False)
    coupons: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    checkout_started_at: datetime | None = None

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every click token, once each."""
        return unique_tokens(self.click, self.touches)


@dataclass(frozen=True)
class SameSaleReport(EvidenceReport):
    """A supporting source reports a sale whose amounts the primary source reports; these amounts are only compared."""

    currency: str = ""
    total: int = 0
    test: bool = False


@dataclass(frozen=True)
class ReferenceReport:
    """An order has these other names too. It need not be there yet."""

    order_id: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class RefundFailureReport:
    """A refund that was reported did not happen after all."""

    order_id: str
    refund_id: str
    occurred_at: datetime


@dataclass(frozen=True)
class RefundLevelReport:
    """All refunds of one payment together had come to `amount` by then."""

    order_id: str
    payment_id: str
    occurred_at: datetime
    currency: str
    amount: int


@dataclass(frozen=True)
class NoEffect:
    """The message was understood, and nothing follows from it; `reason` is kept with the event."""

    reason: str


OrderReport = (
    SaleReport
    | RefundReport
    | CancellationReport
    | DisputeReport
    | EvidenceReport
    | ReferenceReport
    | RefundFailureReport
    | RefundLevelReport
)
AnyReport = Report | OrderReport | NoEffect


def with_order_id(report: AnyReport, order_id: str) -> AnyReport:
    """The same report, of the order that the message was found to belong to."""
    return report if isinstance(report, NoEffect) else replace(report, order_id=order_id)
