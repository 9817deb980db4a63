"""The lines of a statement: one for each commission, with everything needed to reproduce its amounts."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config.canonical import canonical_json
from payouts.commissions.adjustment import is_declined
from payouts.commissions.reasons import COMMISSION_TEXTS
from payouts.statements.rows.columns import STORED_LINE
from payouts.statements.rows.facts import LineFacts, Moved, line_facts
from payouts.statements.rows.scope import Scope
from tracker.sales.attribution.reasons import TEXTS as ATTRIBUTION_TEXTS
from tracker.sales.orders.amounts import amounts_of


def line_rows(session: Session, scope: Scope, commission_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The columns of StatementLine of those commissions that belong to the statement, in order of their keys.

    A commission does when something was posted in the period, or something of it is held at its end.
    """
    facts = line_facts(session, scope, commission_ids)
    for row in facts.rows:
        moved = facts.moved.get(row.id)
        if moved is not None and (moved.touched or moved.held > 0):
            yield _line_row(scope, facts, row, moved)


def _line_row(scope: Scope, facts: LineFacts, row: Any, moved: Moved) -> dict[str, Any]:
    entries = facts.entries.get(row.id, ())
    held_minor = max(moved.held, 0)
    remaining_minor = entries[-1].amount_after_minor if entries else 0
    status = _status(row, entries, held_minor, remaining_minor)
    values = (
        *_credit(facts, row),
        *_sold(facts, row),
        moved.earned,
        moved.reversed,
        moved.released,
        held_minor,
        remaining_minor,
        row.base,
        row.rate_bp,
        row.rate_from,
        facts.terms[row.terms_id],
        status,
        row.release_at,
        row.expected_pay_on or scope.pay_dates.of(datetime.fromisoformat(row.release_at)),
        [_reason(each) for each in entries],
    )
    assert len(values) == len(STORED_LINE), "the columns of a line are declared in one place"
    return {
        "statement_id": scope.statement_id,
        "creator_id": row.creator_id,
        "commission_id": row.id,
        "status": status,
        "earned_minor": moved.earned,
        "reversed_minor": moved.reversed,
        "released_minor": moved.released,
        "pending_minor": moved.pending,
        "held_minor": held_minor,
        "remaining_minor": remaining_minor,
        "body": canonical_json(values),
    }


def _credit(facts: LineFacts, row: Any) -> tuple[Any, ...]:
    """From `commission` to `credited_because_parameters`."""
    link = facts.links.get(row.link_id)
    return (
        row.id,
        row.creator_id,
        row.order_id,
        row.occurred_at,
        row.click_id,
        link.code if link else None,
        link.sub_ids if link else {},
        facts.coupons.get(row.coupon_id),
        ATTRIBUTION_TEXTS.shown(row.reason, row.reason_code, row.reason_parameters),
        row.reason_code,
        row.reason_parameters,
    )


def _sold(facts: LineFacts, row: Any) -> tuple[int, ...]:
    """From `gross` to `commission_at_sale`."""
    sold = amounts_of(row)
    refunded_minor = facts.refunded.get(row.id, 0)
    amounts = (sold.total, sold.discount, sold.tax, sold.shipping)
    return (*amounts, refunded_minor, row.base_minor, row.amount_minor)


def _reason(entry: Any) -> dict[str, Any]:
    """An entry with its cause; its amount in minor units."""
    return {
        "what": entry.kind,
        "why": COMMISSION_TEXTS.shown(entry.reason, entry.reason_code, entry.reason_parameters),
        "reason_code": entry.reason_code,
        "reason_parameters": entry.reason_parameters,
        "cause": entry.cause_id,
        "at": entry.at,
        "change": entry.amount_after_minor - entry.amount_before_minor,
        "transaction": entry.transaction_id,
    }


def _status(row: Any, entries: Sequence[Any], held_minor: int, remaining_minor: int) -> str:
    if is_declined(entries):
        return "declined" if row.live else "superseded"
    if remaining_minor == 0 and row.amount_minor > 0:
        return "reversed"
    return "held" if held_minor > 0 else "released"
