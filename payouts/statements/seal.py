"""The seal of approved statements, in order of periods: they never change again and authorise payouts."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.canonical import canonical_json
from payouts.ledger.balance_copies import balances_at_end, owed_at_end, store_copies
from payouts.ledger.models import Period
from payouts.ledger.operations import lock_books
from payouts.settlement.models import Payout
from payouts.settlement.reasons import PayoutReason
from payouts.settlement.transitions import cancel
from payouts.statements.document.head import head_from_rows
from payouts.statements.models import SealedDocument, Statement
from payouts.statements.review import complete_rows, first_earlier
from payouts.statements.rows.totals import sums_that_differ
from payouts.statements.rows.writing import write_rows
from payouts.statements.sealing.parts import hash_of_hashes, missing_parts, parts_of, store_part
from tracker.errors import Fault, NotNow
from tracker.reasons import Reason
from tracker.times import format_utc, optional_utc_text

ROWS = 2_000
"""The rows that one step writes."""


def approved_statements(session: Session, brand_id: str = "") -> list[str]:
    """Ids of approved statements that wait for their seal, of one brand or of all; oldest period first."""
    waiting = (
        select(Statement.id)
        .join(Period, Period.id == Statement.period_id)
        .where(Statement.state == "approved")
        .order_by(Period.starts_at, Statement.id)
    )
    return list(session.scalars(waiting.where(Statement.brand_id == brand_id) if brand_id else waiting))


def seal_approved(session: Session, now: datetime, brand_id: str) -> list[str]:
    """Seal every approved statement of a brand, oldest first. Returns their ids."""
    lock_books(session, brand_id)
    waiting = approved_statements(session, brand_id)
    for statement_id in waiting:
        seal(session, now, statement_id)
    return waiting


def seal(session: Session, now: datetime, statement_id: str) -> SealedDocument:
    """Seal an approved statement, all of it in one transaction. A sealed one returns its document again.

    Raises NotNow when the statement is a draft, or an earlier one is not sealed; Fault when its rows do not
    agree. Large statements are sealed by `seal_in_parts` (payouts/statements/seal_run.py).
    """
    if begin_seal(session, now, statement_id):
        statement = session.get_one(Statement, statement_id)
        for part in missing_parts(session, statement):
            store_part(session, part)
        require_whole(session, statement)
        finish_seal(session, now, statement_id, closing_balances(session, statement))
    return session.get_one(SealedDocument, statement_id)


def begin_seal(session: Session, now: datetime, statement_id: str) -> bool:
    """Look whether the statement can be sealed. False when it is sealed already. Raises NotNow as `seal`.

    A statement that a process of an older version approved may lack rows: they are written here.
    """
    statement = _locked(session, statement_id)
    if statement.state == "sealed":
        return False
    _require_turn(session, statement)
    while statement.rows_state != "ready" and write_rows(session, now, ROWS, brand_id=statement.brand_id):
        session.refresh(statement)
    if not parts_of(session, statement_id):
        complete_rows(session, statement)
    return True


def finish_seal(session: Session, now: datetime, statement_id: str, balances: Mapping[str, int]) -> None:
    """Write the head, which names the parts, and seal the statement. Another process may have done it.

    `balances` are its `closing_balances`, read before this transaction, as they sum up the whole period.
    Raises NotNow as `seal`, and Fault when the stored parts are not the rows, or the rows not the books.
    """
    statement = _locked(session, statement_id)
    if statement.state == "sealed":
        return
    _require_turn(session, statement)
    head = _head(session, now, statement)
    body = canonical_json(head)
    session.add(
        SealedDocument(
            statement_id=statement_id,
            body=body,
            sha256=hashlib.sha256(body.encode()).hexdigest(),
            previous_sha256=head["previous_sha256"],
        )
    )
    _store_balances(session, statement, balances, dict(head["equation"])["closing"])
    session.execute(
        update(Statement)
        .where(Statement.id == statement_id, Statement.state == "approved")
        .values(state="sealed", sealed_at=now)
    )
    session.flush()
    session.refresh(statement)
    cancel_superseded(session, now, statement)


def _locked(session: Session, statement_id: str) -> Statement:
    statement = session.get_one(Statement, statement_id)
    lock_books(session, statement.brand_id)
    session.refresh(statement)
    return statement


def _head(session: Session, now: datetime, statement: Statement) -> dict[str, Any]:
    """Raises Fault when the stored parts are not the rows."""
    head, parts = head_from_rows(session, statement), parts_of(session, statement.id)
    for kind, count in head["counts"].items():
        if (stored := sum(part["rows"] for part in parts if part["kind"] == kind)) != count:
            raise Fault(f"The parts of {statement.id} have {stored} {kind}, its rows {count}.")
    chain = lock_books(session, statement.brand_id)
    return head | {
        "state": "sealed",
        "sealed_at": format_utc(now),
        "approved_by": statement.approved_by,
        "approved_at": optional_utc_text(statement.approved_at),
        "parts": parts,
        "parts_sha256": hash_of_hashes(parts),
        "ledger": {"seq": chain.seq, "hash": chain.head_hash},
        "previous_sha256": _previous_hash(session, statement),
    }


def require_whole(session: Session, statement: Statement) -> None:
    """Raises Fault when the lines, the totals of the creators and those of the statement do not agree."""
    if faults := list(sums_that_differ(session, statement)):
        raise Fault(f"The statement {statement.id} was not sealed: {'; '.join(faults)}.")


def closing_balances(session: Session, statement: Statement) -> Mapping[str, int]:
    """By account, in minor units, at the end of the period. After the approval they do not change."""
    return balances_at_end(session, session.get_one(Period, statement.period_id), statement.currency)


def _store_balances(
    session: Session, statement: Statement, balances: Mapping[str, int], closing_minor: int
) -> None:
    """Raises Fault when the statement closes with another amount than the books have."""
    period = session.get_one(Period, statement.period_id)
    store_copies(session, period, balances)
    if (in_books := owed_at_end(session, period, statement.currency)) != closing_minor:
        amounts = f"it closes with {closing_minor}, but the books have {in_books}"
        raise Fault(f"The statement {statement.id} was not sealed: {amounts}.")


def _require_turn(session: Session, statement: Statement) -> None:
    if statement.state == "draft":
        own = session.get_one(Period, statement.period_id)
        raise NotNow(f"The statement of {own.name} is a draft: approve it first.")
    if (earlier := first_earlier(session, statement, ("draft", "approved"))) is not None:
        raise NotNow(f"The statement of {earlier} is not sealed: statements are sealed in order.")


def _previous_hash(session: Session, statement: Statement) -> str | None:
    own = session.get_one(Period, statement.period_id)
    return session.scalar(
        select(SealedDocument.sha256)
        .join(Statement, Statement.id == SealedDocument.statement_id)
        .join(Period, Period.id == Statement.period_id)
        .where(
            Statement.brand_id == statement.brand_id,
            Statement.currency == statement.currency,
            Period.starts_at < own.starts_at,
        )
        .order_by(Period.starts_at.desc())
        .limit(1)
    )


def cancel_superseded(session: Session, now: datetime, statement: Statement) -> int:
    """Cancel prepared and failed payouts of earlier statements (docs/money.md 7). Returns how many.

    The payouts of this statement will include their amounts.
    """
    own = session.get_one(Period, statement.period_id)
    superseded = session.execute(
        select(Payout.id)
        .join(Statement, Statement.id == Payout.statement_id)
        .join(Period, Period.id == Statement.period_id)
        .where(
            Payout.brand_id == statement.brand_id,
            Payout.currency == statement.currency,
            Payout.state.in_(("prepared", "failed")),
            Period.starts_at < own.starts_at,
        )
        .order_by(Payout.id)
    ).scalars()
    cancelled = [
        cancel(session, now, payout_id, reason=Reason(PayoutReason.TAKEN_OVER, {"period": own.name}))
        for payout_id in list(superseded)
    ]
    return len(cancelled)
