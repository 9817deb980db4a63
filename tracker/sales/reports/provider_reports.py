"""The rest of the normal form: reports that only payment providers and shop systems need.

Our own schema (`standard`) names the order and all amounts in one message. Providers report payments instead
of orders, cumulative refunds instead of single ones, and one sale in two messages.
"""

import hashlib
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from tracker.reasons import Reason
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
    """Evidence for the attribution of an order; it waits for the message that reports the amounts."""

    order_id: str
    click: str | None = field(default=None, repr=False)
    touches: tuple[str, ...] = field(default=(), repr=False)
    coupons: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    checkout_started_at: datetime | None = None

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every click token, without repetitions."""
        return unique_tokens(self.click, self.touches)


@dataclass(frozen=True)
class SameSaleReport(EvidenceReport):
    """A supporting source's report of a sale of the primary source; its amounts are only compared."""

    currency: str = ""
    total: int = 0
    test: bool = False


@dataclass(frozen=True)
class ReferenceReport:
    """Other names of an order. The order may be reported later."""

    order_id: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class RefundFailureReport:
    """A refund that was reported before has failed."""

    order_id: str
    refund_id: str
    occurred_at: datetime


@dataclass(frozen=True)
class RefundLevelReport:
    """The cumulative refund of one payment: all its refunds until `occurred_at` add up to `amount`."""

    order_id: str
    payment_id: str
    occurred_at: datetime
    currency: str
    amount: int


@dataclass(frozen=True)
class AskedDisputeReport(DisputeReport):
    """How a dispute ended, as its provider said when it was asked; `occurred_at` is when that was."""

    @property
    def content_hash(self) -> str:
        """Another hash than that of a message of the provider, whose time is that of the end."""
        return hashlib.sha256(f"asked dispute {super().content_hash}".encode()).hexdigest()

    def as_told(self) -> DisputeReport:
        """The same report as one that was not asked for."""
        return DisputeReport(**{each.name: getattr(self, each.name) for each in fields(self)})


def is_told_and_asked(report: DisputeReport, booked_at: datetime, booked_hash: str) -> bool:
    """Whether one of two reports of a step was asked for and they differ in nothing but their time."""
    at_that_time = replace(report, occurred_at=booked_at)
    if isinstance(at_that_time, AskedDisputeReport):
        return booked_hash == at_that_time.as_told().content_hash
    values = {each.name: getattr(at_that_time, each.name) for each in fields(at_that_time)}
    return booked_hash == AskedDisputeReport(**values).content_hash


@dataclass(frozen=True)
class NoEffect:
    """The message is valid but changes nothing; why is stored with the event.

    The code is an EventReason, or one that the kind of shop declares.
    """

    cause: Reason

    @classmethod
    def because(cls, code: StrEnum, **parameters: Any) -> "NoEffect":
        return cls(Reason(code, parameters))


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
    """The same report with the id of the order that was found for it."""
    return report if isinstance(report, NoEffect) else replace(report, order_id=order_id)
