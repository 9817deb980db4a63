"""The review of a draft, and the approval that seals it."""

import hashlib
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.canonical import canonical_json
from payouts.ledger.models import Period
from payouts.ledger.operations import lock_books
from payouts.ledger.periods import get_period
from payouts.settlement.models import Payout
from payouts.settlement.reasons import PayoutReason
from payouts.settlement.transitions import cancel
from payouts.statements.document.document import statement_document
from payouts.statements.models import SealedDocument, Statement
from tracker.errors import NotFound, NotNow
from tracker.reasons import Reason


def get_statement(session: Session, brand_id: str, period_name: str, currency: str) -> Statement:
    """The statement of a period in a currency. Raises NotFound with the reason when there is none."""
    period = get_period(session, brand_id, period_name)
    statement = session.execute(
        select(Statement).where(Statement.period_id == period.id, Statement.currency == currency)
    ).scalar_one_or_none()
    if statement is None:
        state = "is not closed yet" if period.state == "open" else f"has no {currency} in it"
        raise NotFound(f"There is no {currency} statement for {period_name}: the period {state}.")
    return statement


def approve(session: Session, now: datetime, statement_id: str, *, approved_by: str) -> SealedDocument:
    """Seal a draft: it never changes again, and its payouts are authorised.

    `approved_by` is "brand" for a person or "silence" for automatic approval. A sealed statement returns its
    document again. Raises NotNow when an earlier statement is still a draft.
    """
    statement = session.get_one(Statement, statement_id)
    lock_books(session, statement.brand_id)
    session.refresh(statement)
    if statement.state == "sealed":
        return session.get_one(SealedDocument, statement_id)
    _require_earlier_sealed(session, statement)
    document = statement_document(session, statement)
    document |= {"state": "sealed", "sealed_at": f"{now:%Y-%m-%dT%H:%M:%SZ}", "approved_by": approved_by}
    document["previous_sha256"] = _previous_hash(session, statement)
    body = canonical_json(document)
    sealed = SealedDocument(
        statement_id=statement_id,
        body=body,
        sha256=hashlib.sha256(body.encode()).hexdigest(),
        previous_sha256=document["previous_sha256"],
    )
    session.add(sealed)
    session.execute(
        update(Statement)
        .where(Statement.id == statement_id, Statement.state == "draft")
        .values(state="sealed", sealed_at=now, approved_by=approved_by)
    )
    session.flush()
    session.refresh(statement)
    cancel_superseded(session, now, statement)
    return sealed


def approve_automatically(session: Session, now: datetime, statement_id: str) -> bool:
    """Seal a draft whose review has ended. Returns False when it has not, or the statement is sealed."""
    statement = session.get_one(Statement, statement_id)
    if statement.state == "sealed" or statement.review_ends_at > now:
        return False
    approve(session, now, statement_id, approved_by="silence")
    return True


def due_for_approval(session: Session, now: datetime) -> list[str]:
    """Ids of drafts whose review has ended, oldest period first."""
    return list(
        session.execute(
            select(Statement.id)
            .join(Period, Period.id == Statement.period_id)
            .where(Statement.state == "draft", Statement.review_ends_at <= now)
            .order_by(Period.starts_at, Statement.id)
        ).scalars()
    )


def _require_earlier_sealed(session: Session, statement: Statement) -> None:
    own = session.get_one(Period, statement.period_id)
    earlier = session.execute(
        select(Period.name)
        .join(Statement, Statement.period_id == Period.id)
        .where(
            Statement.brand_id == statement.brand_id,
            Statement.currency == statement.currency,
            Statement.state == "draft",
            Period.starts_at < own.starts_at,
        )
        .order_by(Period.starts_at)
    ).scalars()
    if (first := next(earlier, None)) is not None:
        raise NotNow(f"Approve the statement of {first} first: statements are sealed in order.")


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
