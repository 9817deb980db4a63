"""A statement's JSON value as text for a terminal. Pure."""

from collections.abc import Mapping
from typing import Any

from payouts.ledger.labels import transaction_label
from tracker.money import format_amount

_SIGNS = {"earned": "+", "reversed": "-", "adjustments": "+", "payments": "-", "closing": "="}
_APPROVALS = {"brand": "approved by a person", "silence": "approved automatically"}


def as_text(document: Mapping[str, Any]) -> str:
    """The equation, the parts of the closing amount, and one row for each line, adjustment and payment."""
    period, state = document["period"], document.get("state", "draft")
    rows = [
        f"{document['brand']['name']}, {period['name']}, {document['currency']}, {state}",
        *(
            f"  {_SIGNS.get(name, ' ')} {name:<12} {_amount(amount):>14}"
            for name, amount in document["equation"].items()
        ),
        "  of which "
        + ", ".join(f"{n.replace('_', ' ')} {_amount(a)}" for n, a in document["closing_split"].items()),
    ]
    for part in document["creators"]:
        rows.append(f"{part['creator']['name']}: {_amount(part['equation']['closing'])}")
        rows += [f"  {_line(line)}" for line in part["lines"]]
        rows += [f"  {_movement(each)}" for each in (*part["adjustments"], *part["payments"])]
    if "approved_by" in document:
        approved_by = document["approved_by"]
        approval = _APPROVALS.get(approved_by, f"approved by {approved_by}")
        if "sha256" in document:
            rows.append(f"sealed {document['sealed_at']}, {approval}, sha256 {document['sha256']}")
        else:
            rows.append(f"{approval} {document['approved_at']}, not sealed yet")
    return "\n".join(rows)


def _line(line: Mapping[str, Any]) -> str:
    held = "".join(f"; held: {hold['why']}" for hold in line.get("holds", ()))
    return (
        f"{line['occurred_at'][:10]} order {line['order']}: {_amount(line['base_amount'])} {line['base']} "
        f"at {line['rate_percent']} % = {_amount(line['commission_at_sale'])}, "
        f"remaining {_amount(line['remaining'])}, {line['status']}, pay date {line['pay_date']}{held}"
    )


def _movement(each: Mapping[str, Any]) -> str:
    """An adjustment or a payment. Old sealed statements have fewer details."""
    details = (each.get("transfer"), each.get("reversal"), each.get("reason"))
    return " ".join([transaction_label(each["what"]), _amount(each["amount"]), *filter(None, details)])


def _amount(amount: Mapping[str, Any]) -> str:
    return format_amount(amount["minor"], amount["currency"])
