"""Lines of CSV files that a person imports. The body of a message is a JSON object: column name to cell.

These messages do not come from the network: `tracker/sales/imports` makes them.
"""

import re
from collections.abc import Callable
from datetime import datetime

from tracker.errors import Invalid
from tracker.sales.integrations.kind import Kind, OrderIds, Role
from tracker.sales.reports import strict_json
from tracker.sales.reports.decimals import decimal_minor, optional_decimal_minor
from tracker.sales.reports.fields import MAX_ENTRIES, Fields, is_plain_text
from tracker.sales.reports.messages import Message
from tracker.sales.reports.normal import (
    DISPUTE_STATUSES,
    CancellationReport,
    DisputeReport,
    RefundReport,
    Report,
    SaleReport,
    require_parts_within,
)

COLUMNS: dict[str, tuple[str, ...]] = {
    "sale": (
        *("order_id", "occurred_at", "currency", "total", "tax", "shipping"),
        *("discount", "cost", "click", "touches", "coupons", "customer", "customer_email_hash", "test"),
        "references",
    ),
    "refund": ("order_id", "refund_id", "occurred_at", "currency", "amount", "tax", "shipping", "reason"),
    "cancellation": ("order_id", "occurred_at"),
    "dispute": ("order_id", "dispute_id", "occurred_at", "currency", "status", "amount"),
}
"""The columns of each type of line, by the field names of the normal form (docs/sales.md)."""

AMOUNTS = ("total", "tax", "shipping", "discount", "cost", "amount")
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")
_ENTRY_SEPARATORS = re.compile(r"[\s,;|]+")


def read(body: bytes, _topic: str | None = None) -> Message:
    """Raises Invalid when the body is not a JSON object of strings."""
    cells = strict_json.parse(body)
    if not isinstance(cells, dict) or not all(isinstance(cell, str) for cell in cells.values()):
        raise Invalid("The body must be a JSON object of texts, one for each column.")
    kind, order_id = cells.get("type"), cells.get("order_id")
    named = order_id if is_plain_text(order_id) else None
    return Message(kind, named, cells, _Cells(cells, "").names("references"))


def translate(message: Message, received_at: datetime) -> tuple[Report, ...]:
    """The report in the line. Raises Invalid, naming the invalid column."""
    translation = _TRANSLATIONS.get(message.type or "")
    if translation is None:
        raise Invalid(f"type must be one of {', '.join(_TRANSLATIONS)}.")
    return (translation(_Cells(message.data, ""), received_at),)


class _Cells(Fields):
    """Fields whose values are all strings."""

    def minor(self, name: str, currency: str, minimum: int = 0) -> int:
        """A decimal amount in minor units, at least `minimum` (0 or 1)."""
        self._refuse_commas(name)
        minor = decimal_minor(self, name, currency)
        if minor < minimum:
            raise self.wrong(
                name, f"is {self.values[name][:40]}; it must be {'above 0' if minimum else '0 or more'}"
            )
        return minor

    def optional_minor(self, name: str, currency: str) -> int | None:
        self._refuse_commas(name)
        if optional_decimal_minor(self, name, currency) is None:
            return None
        return self.minor(name, currency)

    def boolean(self, name: str) -> bool:
        value = self.values.get(name, "").lower()
        if value not in ("", *_YES, *_NO):
            raise self.wrong(name, "must be true or false")
        return value in _YES

    def entries(self, name: str) -> tuple[str, ...]:
        """The entries of one cell such as "ANNA10 BOB5", separated by spaces, commas, semicolons or bars."""
        found = [entry for entry in _ENTRY_SEPARATORS.split(self.values.get(name, "")) if entry]
        if len(found) > MAX_ENTRIES:
            raise self.wrong(name, f"has {len(found)} entries; at most {MAX_ENTRIES} are read")
        return tuple(found)

    def names(self, name: str) -> tuple[str, ...]:
        """The entries that can be names; invalid ones are reported when the line is translated."""
        found = _ENTRY_SEPARATORS.split(self.values.get(name, ""))
        return tuple(entry for entry in found if is_plain_text(entry))[:MAX_ENTRIES]

    def codes(self, name: str) -> tuple[str, ...]:
        found = self.entries(name)
        if not all(map(is_plain_text, found)):
            raise self.wrong(name, "must be codes of at most 200 characters each")
        return found

    def _refuse_commas(self, name: str) -> None:
        """1,234 is 1234 in some countries and 1.234 in others: a wrong guess is wrong by a factor of 1000."""
        value = self.values.get(name, "")
        if "," in value:
            raise self.wrong(
                name,
                f"is {value[:40]}, and a comma can mean two things; write a point before the decimals and "
                "nothing between the thousands, as in 1234.50, or say --decimal-comma where the comma stands "
                "before the decimals",
            )


def _sale(cells: _Cells, received_at: datetime) -> SaleReport:
    currency = cells.currency("currency")
    report = SaleReport(
        order_id=cells.text("order_id"),
        occurred_at=cells.time("occurred_at", received_at),
        currency=currency,
        total=cells.minor("total", currency),
        tax=cells.minor("tax", currency),
        shipping=cells.minor("shipping", currency),
        discount=cells.optional_minor("discount", currency) or 0,
        cost=cells.optional_minor("cost", currency),
        click=cells.token("click"),
        touches=cells.entries("touches"),
        coupons=cells.codes("coupons"),
        customer=cells.optional_text("customer"),
        customer_email_hash=cells.optional_text("customer_email_hash"),
        test=cells.boolean("test"),
        references=cells.codes("references"),
    )
    require_parts_within(report.tax, report.shipping, report.total, "total", path="")
    return report


def _refund(cells: _Cells, received_at: datetime) -> RefundReport:
    currency = cells.currency("currency")
    report = RefundReport(
        order_id=cells.text("order_id"),
        refund_id=cells.text("refund_id"),
        occurred_at=cells.time("occurred_at", received_at),
        currency=currency,
        amount=cells.minor("amount", currency, minimum=1),
        tax=cells.optional_minor("tax", currency),
        shipping=cells.optional_minor("shipping", currency),
        reason=cells.optional_text("reason"),
    )
    require_parts_within(report.tax or 0, report.shipping or 0, report.amount, "amount", path="")
    return report


def _cancellation(cells: _Cells, received_at: datetime) -> CancellationReport:
    return CancellationReport(cells.text("order_id"), cells.time("occurred_at", received_at))


def _dispute(cells: _Cells, received_at: datetime) -> DisputeReport:
    currency, given = cells.currency("currency"), cells.text("status").lower()
    status = next((each for each in DISPUTE_STATUSES if each == given), None)
    if status is None:
        raise cells.wrong("status", f"must be one of {', '.join(DISPUTE_STATUSES)}")
    return DisputeReport(
        order_id=cells.text("order_id"),
        dispute_id=cells.text("dispute_id"),
        occurred_at=cells.time("occurred_at", received_at),
        currency=currency,
        status=status,
        amount=cells.minor("amount", currency, minimum=1),
    )


_TRANSLATIONS: dict[str, Callable[[_Cells, datetime], Report]] = {
    "sale": _sale,
    "refund": _refund,
    "cancellation": _cancellation,
    "dispute": _dispute,
}


KIND = Kind(
    "csv",
    "files",
    read=read,
    translate=translate,
    role=Role.PERSON,
    order_ids=OrderIds.SHARED,
    names_orders_freely=True,
    has_hook=False,
    is_imported=True,
    page="docs/connect/anything.md",
    reached="by file",
    steps=("import a file with:  linkledger sale import FILE --source {source}",),
)
