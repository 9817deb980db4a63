"""Reads reports from the data of messages, and lists the types of reports that a message may have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tracker.errors import Invalid
from tracker.sales.reports.fields import MAX_ENTRIES, is_plain_text
from tracker.sales.reports.normal import (
    CancellationReport,
    DisputeReport,
    Item,
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
    _require_excluded_within(report, report.total, "total", prefix)
    _require_unique_line_ids(report.items, prefix)
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
    _require_excluded_within(report, report.amount, "amount", prefix)
    _require_lines_within(report, prefix)
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


def _require_excluded_within(report: SaleReport | RefundReport, whole: int, name: str, prefix: str) -> None:
    """Raises Invalid when the excluded parts have more than the whole has beside tax and shipping."""
    if not report.excluded:
        return
    place, shipping = f"{prefix}excluded", report.shipping or 0
    amount, tax = sum(part.amount for part in report.excluded), sum(part.tax or 0 for part in report.excluded)
    # A refund need not state its tax; it is then at least that of its parts.
    whole_tax, whole_tax_name = report.tax, f"{prefix}tax ({report.tax})"
    if whole_tax is None:
        whole_tax, whole_tax_name = tax, f"The taxes of {place} ({tax})"
    if whole_tax + shipping + amount > whole:
        raise Invalid(
            f"{whole_tax_name}, {prefix}shipping ({shipping}) and the amounts of {place} "
            f"({amount}) are more than {prefix}{name} ({whole}), of which they are parts.",
            place,
        )
    if tax > whole_tax:
        raise Invalid(
            f"The taxes of {place} ({tax}) are more than {prefix}tax ({whole_tax}), of which they are parts.",
            place,
        )


def _require_lines_within(refund: RefundReport, prefix: str) -> None:
    """Raises Invalid when the lines, without or as tax, and the excluded parts are more than was refunded.

    Lines are rounded one by one, so net and tax are not added up: their sum may differ by some minor units.
    """
    excluded = sum(part.amount for part in refund.excluded)
    place = f"{prefix}items"
    for name, sums in (
        ("net", sum(item.net or 0 for item in refund.items)),
        ("tax", sum(item.tax or 0 for item in refund.items)),
    ):
        if sums + excluded > refund.amount:
            beside = f" and the amounts of {prefix}excluded ({excluded})" if excluded else ""
            raise Invalid(
                f"The {name} amounts of {place} ({sums}){beside} are more than {prefix}amount "
                f"({refund.amount}), of which they are parts.",
                place,
            )


def _require_unique_line_ids(items: Sequence[Item], prefix: str) -> None:
    """Raises Invalid when two lines of a sale have the same id: a refund could not name one of them."""
    first: dict[str, int] = {}
    for index, item in enumerate(items):
        if item.id is not None and first.setdefault(item.id, index) != index:
            place = f"{prefix}items[{index}].id"
            raise Invalid(
                f"{place} is also that of {prefix}items[{first[item.id]}]; each line needs an id of its own.",
                place,
            )
