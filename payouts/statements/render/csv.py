"""A statement's JSON value as a table for spreadsheets. Pure: the same value gives the same bytes."""

import csv
import io
import re
from collections.abc import Mapping
from typing import Any

from tracker.money import format_amount

_FORMULA = re.compile(r"(^|[,;|\t\r\n])(?=[\s\"]*[=+\-@\t\r\0\uff1d\uff0b\uff0d\uff20])")
"""Where a spreadsheet could see the start of a formula: at the start of a cell or after a separator."""

AMOUNTS = (
    "gross",
    "discount",
    "tax",
    "shipping",
    "refunded",
    "base_amount",
    "commission_at_sale",
    "earned",
    "reversed",
    "released",
    "held",
    "remaining",
)
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
    """One row for each commission, adjustment and payment, then one for each creator's balance.

    Amounts are decimal numbers in the statement's currency. What a spreadsheet would run as a formula gets an
    apostrophe before it, also for programs that split at semicolons (OWASP, CSV injection).
    """
    target = io.StringIO()
    writer = csv.DictWriter(target, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    head = {"period": document["period"]["name"], "currency": document["currency"]}
    for part in document["creators"]:
        creator = _escape_formula(part["creator"]["name"])
        for line in part["lines"]:
            writer.writerow(head | {"kind": "commission"} | _line(line, creator))
        for entry in part["adjustments"]:
            writer.writerow(head | {"creator": creator} | _adjustment(entry))
        for payment in part["payments"]:
            writer.writerow(head | {"creator": creator} | _payment(payment))
    for part in document["creators"]:
        creator = _escape_formula(part["creator"]["name"])
        for name, amount in part["equation"].items():
            row = {"kind": name, "creator": creator, "remaining": _amount(amount)}
            writer.writerow(head | row)
    return target.getvalue()


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
