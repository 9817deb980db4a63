"""A statement as a table for spreadsheets. Pure: the same statement gives the same bytes."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

from payouts.statements.document.shape import OpenStatement, in_order
from payouts.statements.rows.columns import AMOUNTS
from tracker.money import format_amount

_FORMULA = re.compile(r"(^|[,;|\t\r\n])(?=[\s\"]*[=+\-@\t\r\0\uff1d\uff0b\uff0d\uff20])")
"""Where a spreadsheet could see the start of a formula: at the start of a cell or after a separator."""

_BEFORE = ("occurred_at", "order", "creator", "click", "link", "sub_ids", "coupon")
_AFTER = ("base", "rate_percent", "terms_version", "status", "release_at", "pay_date", "reasons")
_EXTRA = ("adjustment", "payment", "transfer", "authorised_by")
COLUMNS = (
    "kind",
    "period",
    "currency",
    *_BEFORE,
    *AMOUNTS,
    *_EXTRA,
    *_AFTER,
    "commission",
    "transaction",
)


def as_csv(document: Mapping[str, Any]) -> str:
    """A statement that is in memory; see `csv_pieces`."""
    return "".join(csv_pieces(in_order(document)))


def csv_pieces(statement: OpenStatement) -> Iterator[str]:
    """One row for each commission, adjustment and payment, then one for each creator's balance.

    Amounts are decimal numbers in the statement's currency. What a spreadsheet would run as a formula gets an
    apostrophe before it, also for programs that split at semicolons (OWASP, CSV injection).
    """
    table = _Table()
    yield table.header()
    head = {"period": statement.head["period"]["name"], "currency": statement.head["currency"]}
    balances = []
    for part in statement.creators:
        creator = _escape_formula(part.head["creator"]["name"])
        for line in part.lines:
            yield table.row(head | {"kind": "commission"} | _line(line, creator))
        for entry in part.adjustments:
            yield table.row(head | {"creator": creator} | _adjustment(entry))
        for payment in part.payments:
            yield table.row(head | {"creator": creator} | _payment(payment))
        balances.append((creator, part.head["equation"]))
    for creator, equation in balances:
        for name, amount in equation.items():
            yield table.row(head | {"kind": name, "creator": creator, "remaining": _amount(amount)})


class _Table:
    """Writes one row at a time."""

    def __init__(self) -> None:
        self._target = io.StringIO()
        self._writer = csv.DictWriter(self._target, COLUMNS, restval="", lineterminator="\r\n")

    def header(self) -> str:
        self._writer.writeheader()
        return self._written()

    def row(self, values: Mapping[str, str]) -> str:
        self._writer.writerow(values)
        return self._written()

    def _written(self) -> str:
        text = self._target.getvalue()
        self._target.seek(0)
        self._target.truncate()
        return text


def _line(line: Mapping[str, Any], creator: str) -> dict[str, str]:
    row = {
        name: _escape_formula(line[name])
        for name in (*_BEFORE, *_AFTER)
        if name not in ("sub_ids", "reasons")
    }
    row |= {name: _amount(line[name]) for name in AMOUNTS}
    row["creator"] = creator
    row["sub_ids"] = _escape_formula(" ".join(f"{name}={value}" for name, value in line["sub_ids"].items()))
    texts = [f"{each['what']}: {each['why']}" for each in line["reasons"]]
    texts += [f"held: {hold['why']}" for hold in line.get("holds", ())]  # old sealed statements have none
    texts += [f"waits: message {event_id}" for event_id in line.get("waiting_messages", ())]
    texts += [f"pay date moved to {each['to']}: {each['why']}" for each in line.get("pay_date_moves", ())]
    row["reasons"] = _escape_formula("; ".join(texts))
    row["commission"] = line["commission"]
    return row


def _adjustment(entry: Mapping[str, Any]) -> dict[str, str]:
    return {
        "kind": entry["what"],
        "adjustment": _amount(entry["amount"]),
        "reasons": _escape_formula(entry.get("reason")),  # old sealed statements have none
        "transaction": entry["transaction"],
    }


def _payment(payment: Mapping[str, Any]) -> dict[str, str]:
    return {
        "kind": payment["what"],
        "payment": _amount(payment["amount"]),
        "authorised_by": payment["authorised_by"] or "",
        "transfer": _escape_formula(payment["transfer"]),
        "reasons": _escape_formula(payment.get("reason") or payment.get("reversal")),
        "transaction": payment["transaction"],
    }


def _amount(amount: Mapping[str, Any]) -> str:
    return format_amount(amount["minor"], amount["currency"])


def _escape_formula(value: Any) -> str:
    return "" if value is None else _FORMULA.sub(r"\1'", str(value))
