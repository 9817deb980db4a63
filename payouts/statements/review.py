"""The review of a draft, which an approval ends: from then on no decision is posted to its period."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payouts.ledger.models import Period
from payouts.ledger.operations import lock_books
from payouts.ledger.pay_days import note_approval
from payouts.ledger.periods import get_period
from payouts.statements.approvals import note_approval_of_person
from payouts.statements.models import Statement
from payouts.statements.notices import note_approval_by_silence
from payouts.statements.rows.refresh import refresh_rows
from payouts.statements.rows.totals import write_total
from payouts.statements.silence import silence_basis
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import NotFound, NotNow
from tracker.people.accounts.models import Brand


def get_statement(session: Session, brand_id: str, period_name: str, currency: str) -> Statement:
    """The statement of a period in a currency. Raises NotFound with the reason when there is none."""
    period = get_period(session, brand_id, period_name)
    statement = session.execute(
        select(Statement).where(Statement.period_id == period.id, Statement.currency == currency)
    ).scalar_one_or_none()
    if statement is None:
        state = "is not closed yet" if period.state != "closed" else f"has no {currency} in it"
        raise NotFound(f"There is no {currency} statement for {period_name}: the period {state}.")
    return statement


def approve(session: Session, now: datetime, statement_id: str, *, approved_by: str) -> Statement:
    """Approve a draft: its period is frozen, and `payouts/statements/seal.py` seals it in its turn.

    `approved_by` is "brand" for a person or "silence" for automatic approval. A statement that was approved
    before stays as it is. Raises NotNow when an earlier statement is still a draft, or the rows of this one
    are not written yet.
    """
    statement = session.get_one(Statement, statement_id)
    lock_books(session, statement.brand_id)
    session.refresh(statement)
    if statement.state == "draft":
        _require_earlier_approved(session, statement)
        complete_rows(session, statement)
        session.execute(
            update(Statement)
            .where(Statement.id == statement_id, Statement.state == "draft")
            .values(state="approved", approved_at=now, approved_by=approved_by)
        )
        session.refresh(statement)
        _note_pay_day(session, now, statement)
    return statement


def approve_by_person(session: Session, now: datetime, statement_id: str, *, actor: Actor) -> Statement:
    """As `approve`, by a person, which is recorded once. Raises what `approve` raises.

    It stays a draft while it needs the approval of another person, too.
    """
    statement = session.get_one(Statement, statement_id)
    lock_books(session, statement.brand_id)
    session.refresh(statement)
    if statement.state != "draft":
        return statement
    _require_earlier_approved(session, statement)
    complete_rows(session, statement)
    noted = note_approval_of_person(session, now, statement, actor)
    if not noted.missing:
        statement = approve(session, now, statement_id, approved_by="brand")
    if noted.is_new:
        after = {"state": statement.state} | ({"missing": noted.missing} if noted.missing else {})
        whose = about(Subject.STATEMENT, statement.id, statement.brand_id)
        record(session, now, actor, Action.STATEMENT_APPROVE, **whose, before={"state": "draft"}, after=after)
    return statement


def _note_pay_day(session: Session, now: datetime, statement: Statement) -> None:
    period = session.get_one(Period, statement.period_id)
    zone = period.timezone or session.get_one(Brand, statement.brand_id).timezone
    note_approval(session, now, period, statement.currency, statement.pay_from, zone)


def approve_automatically(
    session: Session, now: datetime, statement_id: str, *, needs_notice: bool = False
) -> bool:
    """Approve a draft whose review has ended. Returns False when it has not, or the statement is no draft.

    needs_notice: on a real rail. Also False without the notice, above the limit for one person, and while the
    statement before is a draft.
    """
    statement = session.get_one(Statement, statement_id)
    lock_books(session, statement.brand_id)
    session.refresh(statement)
    if statement.state != "draft" or statement.review_ends_at > now:
        return False
    if first_earlier(session, statement, ("draft",)) is not None:
        return False
    complete_rows(session, statement)
    basis = silence_basis(session, now, statement, needs_notice=needs_notice)
    if basis is None:
        return False
    session.execute(update(Statement).where(Statement.id == statement_id).values(silence_basis=basis.value))
    approve(session, now, statement_id, approved_by="silence")
    note_approval_by_silence(session, now, statement)
    return True


def due_for_approval(session: Session, now: datetime) -> list[str]:
    """Ids of drafts whose review has ended and whose rows are written, oldest period first.

    Some of them may not approve themselves; see `silence_basis`.
    """
    return list(
        session.execute(
            select(Statement.id)
            .join(Period, Period.id == Statement.period_id)
            .where(Statement.state == "draft", Statement.rows_state == "ready")
            .where(Statement.review_ends_at <= now)
            .order_by(Period.starts_at, Statement.id)
        ).scalars()
    )


def _require_earlier_approved(session: Session, statement: Statement) -> None:
    if (first := first_earlier(session, statement, ("draft",))) is not None:
        raise NotNow(f"Approve the statement of {first} first: statements are sealed in order.")


def complete_rows(session: Session, statement: Statement) -> None:
    """Bring the rows to the present books, if they are not: from the approval on they stay.

    A process of an older version may have decided without them. Raises NotNow when they are not written yet.
    """
    if statement.rows_state != "ready":
        raise NotNow("The lines of the statement are being written. Try again in some minutes.")
    refresh_rows(session, statement, lock_books(session, statement.brand_id).seq)
    write_total(session, statement)


def first_earlier(session: Session, statement: Statement, states: Collection[str]) -> str | None:
    """The name of the first earlier period whose statement in the same currency is in one of the states."""
    own = session.get_one(Period, statement.period_id)
    return session.scalar(
        select(Period.name)
        .join(Statement, Statement.period_id == Period.id)
        .where(
            Statement.brand_id == statement.brand_id,
            Statement.currency == statement.currency,
            Statement.state.in_(states),
            Period.starts_at < own.starts_at,
        )
        .order_by(Period.starts_at)
        .limit(1)
    )
