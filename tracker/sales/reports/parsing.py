"""Reads reports from the data of messages, and lists the types of reports that a message may have."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tracker.errors import Invalid
from tracker.sales.reports.fields import MAX_ENTRIES, is_plain_text
from tracker.sales.reports.normal import (
    CancellationReport,
    DisputeReport,
    RefundReport,
    Report,
    SaleReport,
    require_parts_within,
)
from tracker.sales.reports.validation import Validator

_SALE, _REFUND = Validator(SaleReport), Validator(RefundReport)
_CANCELLATION, _DISPUTE = Validator(CancellationReport), Validator(DisputeReport)


def parse_sale(data: Mapping[str, Any], received_at: datetime, path: str = "data") -> SaleReport:
    """`data` as docs/sales.md describes a sale; `path` is where it is in the message, for errors.

    Raises Invalid, naming the first invalid field.
    """
    report, prefix = _SALE.report(data, received_at, path), f"{path}." if path else ""
    require_parts_within(report.tax, report.shipping, report.total, "total", prefix)
    if report.excluded:
        _require_excluded_within(report, prefix)
    if report.ordered_at is not None and report.ordered_at > report.occurred_at:
        raise Invalid(
            f"{prefix}ordered_at is {report.ordered_at.isoformat()}, after {prefix}occurred_at "
            f"({report.occurred_at.isoformat()}); an order is placed before it is paid, or at the same time.",
            f"{prefix}ordered_at",
        )
    return report


def parse_refund(data: Mapping[str, Any], received_at: datetime, path: str = "data") -> RefundReport:
    """Raises Invalid, naming the first invalid field."""
    report, prefix = _REFUND.report(data, received_at, path), f"{path}." if path else ""
    require_parts_within(report.tax or 0, report.shipping or 0, report.amount, "amount", prefix)
    for index, item in enumerate(report.items):
        if item.id is None and item.sku is None:
            place = f"{prefix}items[{index}]"
            raise Invalid(f"{place} names no line; give the id or the sku that it has in the sale.", place)
    return report


def parse_cancellation(
    data: Mapping[str, Any], received_at: datetime, path: str = "data"
) -> CancellationReport:
    """Raises Invalid, naming the first invalid field."""
    return _CANCELLATION.report(data, received_at, path)


def parse_dispute(data: Mapping[str, Any], received_at: datetime, path: str = "data") -> DisputeReport:
    """Raises Invalid, naming the first invalid field."""
    return _DISPUTE.report(data, received_at, path)


def parse_references(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Other names of the order, from `data` that is not validated yet; invalid ones are left out."""
    found = data.get("references")
    names = [each.strip() for each in found if is_plain_text(each)] if isinstance(found, list) else []
    return tuple(dict.fromkeys(names))[:MAX_ENTRIES]


class Parser(Protocol):
    """Reads a report from `data`. Raises Invalid, naming the first invalid field."""

    def __call__(self, data: Mapping[str, Any], received_at: datetime, path: str = ...) -> Report: ...


@dataclass(frozen=True)
class ReportType:
    """A type of report. `message` is the type of its messages; files and URLs use `name` and `plural`."""

    message: str
    name: str
    plural: str
    report: type[Report]
    parse: Parser


REPORT_TYPES = (
    ReportType("sale.created", "sale", "sales", SaleReport, parse_sale),
    ReportType("refund.created", "refund", "refunds", RefundReport, parse_refund),
    ReportType("order.cancelled", "cancellation", "cancellations", CancellationReport, parse_cancellation),
    ReportType("dispute.updated", "dispute", "disputes", DisputeReport, parse_dispute),
)
BY_MESSAGE = {each.message: each for each in REPORT_TYPES}
BY_NAME = {each.name: each for each in REPORT_TYPES}


def _require_excluded_within(sale: SaleReport, prefix: str) -> None:
    """Raises Invalid when the excluded parts have more than the order has beside tax and shipping."""
    place = f"{prefix}excluded"
    amount, tax = sum(part.amount for part in sale.excluded), sum(part.tax or 0 for part in sale.excluded)
    if sale.tax + sale.shipping + amount > sale.total:
        raise Invalid(
            f"{prefix}tax ({sale.tax}), {prefix}shipping ({sale.shipping}) and the amounts of {place} "
            f"({amount}) are more than {prefix}total ({sale.total}), of which they are parts.",
            place,
        )
    if tax > sale.tax:
        raise Invalid(
            f"The taxes of {place} ({tax}) are more than {prefix}tax ({sale.tax}), of which they are parts.",
            place,
        )
