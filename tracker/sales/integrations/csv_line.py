"""Lines of CSV files that a person imports. The body of a message is a JSON object: column name to cell.

These messages do not come from the network: `tracker/sales/imports` makes them.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tracker.errors import Invalid
from tracker.sales.integrations.kind import Kind, OrderIds, Role
from tracker.sales.reports import strict_json
from tracker.sales.reports.decimals import decimal_minor
from tracker.sales.reports.declared_fields import DeclaredField, declared_fields
from tracker.sales.reports.field_types import AMOUNT_TYPES, FLAG, NAMES, POSITIVE_AMOUNT, TEXT, TIME, TOKENS
from tracker.sales.reports.fields import MAX_ENTRIES, Fields, is_plain_text
from tracker.sales.reports.messages import Message
from tracker.sales.reports.normal import Report
from tracker.sales.reports.parsing import BY_NAME, REPORT_TYPES

FIELDS = {
    each.name: tuple(field for field in declared_fields(each.report) if not field.parts)
    for each in REPORT_TYPES
}
"""The columns of each type of line: the fields of its report, except lists of objects."""

REQUIRED = {
    kind: tuple(field.name for field in fields if field.is_required) for kind, fields in FIELDS.items()
}

AMOUNTS, TIMES = (
    frozenset(field.name for fields in FIELDS.values() for field in fields if field.type in types)
    for types in (AMOUNT_TYPES, (TIME,))
)
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")
_ENTRY_SEPARATORS = re.compile(r"[\s,;|]+")


def read(body: bytes, _topic: str | None = None) -> Message:
    """Raises Invalid when the body is not a JSON object of strings."""
    cells = strict_json.parse(body)
    if not isinstance(cells, dict) or not all(isinstance(cell, str) for cell in cells.values()):
        raise Invalid("The body must be a JSON object of texts, one for each column.")
    return message_of(cells)


def message_of(cells: dict[str, str]) -> Message:
    """The message whose body has these cells."""
    kind, order_id = cells.get("type"), cells.get("order_id")
    named = order_id if is_plain_text(order_id) else None
    return Message(kind, named, cells, _Cells(cells, "").names("references"))


def translate(message: Message, received_at: datetime) -> tuple[Report, ...]:
    """The report in the line. Raises Invalid, naming the invalid column."""
    report_type = BY_NAME.get(message.type or "")
    if report_type is None:
        raise Invalid(f"type must be one of {', '.join(BY_NAME)}.")
    data = _data(_Cells(message.data, ""), FIELDS[report_type.name], received_at)
    return (report_type.parse(data, received_at, ""),)


class _Cells(Fields):
    """Fields whose values are all strings."""

    def minor(self, name: str, currency: str, minimum: int) -> int:
        """A decimal amount in minor units, at least `minimum` (0 or 1)."""
        self._refuse_commas(name)
        minor = decimal_minor(self, name, currency)
        if minor < minimum:
            raise self.wrong(
                name, f"is {self.values[name][:40]}; it must be {'above 0' if minimum else '0 or more'}"
            )
        return minor

    def boolean(self, name: str) -> bool:
        value = self.values.get(name, "").lower()
        if value not in ("", *_YES, *_NO):
            raise self.wrong(name, "must be true or false")
        return value in _YES

    def entries(self, name: str) -> list[str]:
        """The entries of one cell such as "ANNA10 BOB5", separated by spaces, commas, semicolons or bars."""
        found = [entry for entry in _ENTRY_SEPARATORS.split(self.values.get(name, "")) if entry]
        if len(found) > MAX_ENTRIES:
            raise self.wrong(name, f"has {len(found)} entries; at most {MAX_ENTRIES} are read")
        return found

    def names(self, name: str) -> tuple[str, ...]:
        """The entries that can be names; invalid ones are reported when the line is translated."""
        found = _ENTRY_SEPARATORS.split(self.values.get(name, ""))
        return tuple(entry for entry in found if is_plain_text(entry))[:MAX_ENTRIES]

    def codes(self, name: str) -> list[str]:
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


def _data(cells: _Cells, fields: tuple[DeclaredField, ...], received_at: datetime) -> Mapping[str, Any]:
    """The cells as the data of a message in JSON. Raises Invalid."""
    has_amounts = any(field.type in AMOUNT_TYPES for field in fields)
    currency = cells.currency("currency") if has_amounts else ""
    try:
        return {
            field.name: _value(cells, field, currency)
            for field in fields
            if cells.values.get(field.name) or (field.is_required and field.type in AMOUNT_TYPES)
        }
    except Invalid:
        _require_ids_and_time(cells, fields, received_at)
        raise


def _require_ids_and_time(cells: _Cells, fields: tuple[DeclaredField, ...], received_at: datetime) -> None:
    """Raises Invalid. Of several wrong cells these are named first: they say what the line is about."""
    for field in fields:
        if field.is_required and field.type is TIME:
            cells.time(field.name, received_at)
        elif field.is_required and field.type is TEXT:
            cells.text(field.name)


def _value(cells: _Cells, field: DeclaredField, currency: str) -> Any:
    if field.type in AMOUNT_TYPES:
        return cells.minor(field.name, currency, minimum=1 if field.type is POSITIVE_AMOUNT else 0)
    if field.type is FLAG:
        return cells.boolean(field.name)
    if field.type is TOKENS:
        return cells.entries(field.name)
    if field.type is NAMES:
        return cells.codes(field.name)
    cell = cells.values[field.name]
    return cell.lower() if field.choices else cell


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
