"""The seal of approved statements, in order of periods: they never change again and authorise payouts."""

import hashlib
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.canonical import canonical_json
from payouts.ledger.balance_copies import copy_balances
from payouts.ledger.models import Period
from payouts.ledger.operations import lock_books
from payouts.settlement.models import Payout
from payouts.settlement.reasons import PayoutReason
from payouts.settlement.transitions import cancel
from payouts.statements.document.document import statement_document
from payouts.statements.models import SealedDocument, Statement
from payouts.statements.review import first_earlier
from tracker.errors import NotNow
from tracker.reasons import Reason
from tracker.times import format_utc, optional_utc_text


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
    """Seal an approved statement. A sealed one returns its document again.

    Raises NotNow when the statement is a draft, or an earlier one is not sealed.
    """
    statement = session.get_one(Statement, statement_id)
    lock_books(session, statement.brand_id)
    session.refresh(statement)
    if statement.state == "sealed":
        return session.get_one(SealedDocument, statement_id)
    _require_turn(session, statement)
    document = statement_document(session, statement)
    document |= {
        "state": "sealed",
        "sealed_at": format_utc(now),
        "approved_by": statement.approved_by,
        "approved_at": optional_utc_text(statement.approved_at),
        "previous_sha256": _previous_hash(session, statement),
    }
    body = canonical_json(document)
    sealed = SealedDocument(
        statement_id=statement_id,
        body=body,
        sha256=hashlib.sha256(body.encode()).hexdigest(),
        previous_sha256=document["previous_sha256"],
    )
    session.add(sealed)
    copy_balances(session, session.get_one(Period, statement.period_id), statement.currency)
    session.execute(
        update(Statement)
        .where(Statement.id == statement_id, Statement.state == "approved")
        .values(state="sealed", sealed_at=now)
    )
    session.flush()
    session.refresh(statement)
    cancel_superseded(session, now, statement)
    return sealed


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
