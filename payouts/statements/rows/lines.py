"""The lines of a statement: one for each commission, with everything needed to reproduce its amounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from config.canonical import canonical_text
from payouts.commissions.due.reported import declined_after
from payouts.statements.rows.columns import STORED_LINE
from payouts.statements.rows.facts import LineFacts, Moved, line_facts
from payouts.statements.rows.reasons import credit_words, reason_json
from payouts.statements.rows.scope import Scope
from payouts.statements.rows.sold import LineEntry, SoldCommission


class LineRow(NamedTuple):
    """The columns of StatementLine."""

    statement_id: str
    creator_id: str
    commission_id: str
    status: str
    earned_minor: int
    reversed_minor: int
    released_minor: int
    pending_minor: int
    held_minor: int
    remaining_minor: int
    body: str


_BODY = f"[{','.join(['%s'] * len(STORED_LINE))}]"
"""Takes the columns of a line, each as JSON. Any other number of them raises TypeError."""


def line_rows(
    session: Session, scope: Scope, commission_ids: Sequence[str], after_seq: int = 0
) -> list[LineRow]:
    """The lines of those commissions that belong to the statement, in order of their keys.

    A commission does when something was posted in the period, or something of it is held at its end. One
    that was posted about in the period before the transaction after `after_seq` has its line already.
    """
    facts = line_facts(session, scope, commission_ids)
    rows = [
        _line_row(scope, facts, each, moved)
        for each in facts.rows
        if (moved := facts.moved.get(each.id)) is not None and _is_missing(moved, after_seq)
    ]
    rows.sort()
    return rows


def _is_missing(moved: Moved, after_seq: int) -> bool:
    return moved.held > 0 if moved.first_seq is None else moved.first_seq > after_seq


def _line_row(scope: Scope, facts: LineFacts, of: SoldCommission, moved: Moved) -> LineRow:
    entries = facts.entries.get(of.id, ())
    held_minor = max(moved.held, 0)
    remaining_minor = entries[-1].amount_after_minor if entries else 0
    status = _status(of, entries, held_minor, remaining_minor)
    credited_because = credit_words(of.reason, of.reason_code, of.reason_parameters)
    values = (
        *_credit(facts, of, credited_because),
        *_sold(facts, of),
        moved.earned,
        moved.reversed,
        moved.released,
        held_minor,
        remaining_minor,
        f'"{of.base}"',
        of.rate_bp,
        f'"{of.rate_from}"',
        facts.terms[of.terms_id],
        f'"{status}"',
        f'"{of.release_at}"',
        f'"{of.expected_pay_on or scope.pay_dates.of(datetime.fromisoformat(of.release_at))}"',
        f"[{','.join([reason_json(each, of, credited_because) for each in entries])}]",
    )
    return LineRow(
        scope.statement_id,
        of.creator_id,
        of.id,
        status,
        moved.earned,
        moved.reversed,
        moved.released,
        moved.pending,
        held_minor,
        remaining_minor,
        _BODY % values,
    )


def _credit(facts: LineFacts, of: SoldCommission, credited_because: str) -> tuple[str, ...]:
    """From `commission` to `credited_because_parameters`, as JSON. Our own ids and codes need no escapes."""
    code, sub_ids = facts.links.get(of.link_id or "", (None, "{}"))
    return (
        f'"{of.id}"',
        f'"{of.creator_id}"',
        canonical_text(of.order_id),
        f'"{of.occurred_at}"',
        canonical_text(of.click_id),
        canonical_text(code),
        sub_ids,
        canonical_text(facts.coupons.get(of.coupon_id or "")),
        credited_because,
        canonical_text(of.reason_code),
        of.reason_parameters or "null",
    )


def _sold(facts: LineFacts, of: SoldCommission) -> tuple[int, ...]:
    """From `gross` to `commission_at_sale`."""
    sold = of.sold
    refunded_minor = facts.refunded.get(of.id, 0)
    amounts = (sold.total, sold.discount, sold.tax, sold.shipping)
    return (*amounts, refunded_minor, of.base_minor, of.amount_minor)


def _status(of: SoldCommission, entries: Sequence[LineEntry], held_minor: int, remaining_minor: int) -> str:
    if declined_after([each.kind for each in entries]):
        return "declined" if of.live else "superseded"
    if remaining_minor == 0 and of.amount_minor > 0:
        return "reversed"
    return "held" if held_minor > 0 else "released"
