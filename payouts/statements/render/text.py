"""A statement as text for a terminal. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from payouts.commissions.dates import pay_date_text
from payouts.ledger.labels import transaction_label
from payouts.statements.document.shape import OpenStatement, in_order
from tracker.money import format_amount

_SIGNS = {"earned": "+", "reversed": "-", "adjustments": "+", "payments": "-", "closing": "="}
_APPROVALS = {"brand": "approved by a person", "silence": "approved automatically"}


def as_text(document: Mapping[str, Any]) -> str:
    """A statement that is in memory; see `text_lines`."""
    return "\n".join(text_lines(in_order(document)))


def text_lines(statement: OpenStatement) -> Iterator[str]:
    """The equation, the parts of the closing amount, and one row for each line, adjustment and payment."""
    head, ending = statement.head, statement.ending
    state = ending.get("state", "draft")
    yield f"{head['brand']['name']}, {head['period']['name']}, {head['currency']}, {state}"
    for name, amount in head["equation"].items():
        yield f"  {_SIGNS.get(name, ' ')} {name:<12} {_amount(amount):>14}"
    split = ", ".join(f"{n.replace('_', ' ')} {_amount(a)}" for n, a in head["closing_split"].items())
    yield f"  of which {split}"
    for part in statement.creators:
        yield f"{part.head['creator']['name']}: {_amount(part.head['equation']['closing'])}"
        yield from (f"  {_line(line)}" for line in part.lines)
        yield from (f"  {_movement(each)}" for each in (*part.adjustments, *part.payments))
    if "planned_review_ends_at" in ending:
        yield (
            f"review until {head['review_ends_at']}, planned until {ending['planned_review_ends_at']}: the "
            f"mail server accepted the notice at {ending['noticed_at']}"
        )
    if "approved_by" in ending:
        approved_by = ending["approved_by"]
        approval = _APPROVALS.get(approved_by, f"approved by {approved_by}")
        if "sha256" in ending:
            yield f"sealed {ending['sealed_at']}, {approval}, sha256 {ending['sha256']}"
        else:
            yield f"{approval} {ending['approved_at']}, not sealed yet"


def _line(line: Mapping[str, Any]) -> str:
    held = "".join(f"; held: {hold['why']}" for hold in line.get("holds", ()))
    held += "".join(f"; waits: message {event_id}" for event_id in line.get("waiting_messages", ()))
    return (
        f"{line['occurred_at'][:10]} order {line['order']}: {_amount(line['base_amount'])} {line['base']} "
        f"at {line['rate_percent']} % = {_amount(line['commission_at_sale'])}, "
        f"remaining {_amount(line['remaining'])}, {line['status']}, "
        f"{pay_date_text(line['pay_date'], line.get('pay_date_moves', ()))}{held}"
    )


def _movement(each: Mapping[str, Any]) -> str:
    """An adjustment or a payment. Old sealed statements have fewer details."""
    details = (each.get("transfer"), each.get("reversal"), each.get("reason"))
    return " ".join([transaction_label(each["what"]), _amount(each["amount"]), *filter(None, details)])


def _amount(amount: Mapping[str, Any]) -> str:
    return format_amount(amount["minor"], amount["currency"])
