"""Undoing a decision, until a statement of a period to which it was posted is approved."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, aliased

from payouts.commissions.models import Hold
from payouts.ledger.models import Period, Transaction
from payouts.ledger.operations import lock_books
from payouts.statements.decisions.notices import note_undo
from payouts.statements.decisions.opposites import OPPOSITES, Undoing
from payouts.statements.decisions.records import begin_record
from payouts.statements.models import (
    DecisionHold,
    DecisionKind,
    DecisionTransaction,
    ReviewDecision,
    Statement,
)
from tracker.audit.actors import Actor
from tracker.errors import Conflict, NotFound


def undo(session: Session, now: datetime, decision_id: str, *, actor: Actor, note: str = "") -> str:
    """Undo a decision. Returns the id of the undo, which is a decision, too.

    Undoing a hold lifts it, undoing a release holds again, undoing a decline reinstates, and a bonus is
    undone by a deduction; what is posted goes to the same periods. Raises NotFound for an unknown decision;
    Conflict when it is an undo itself or about credit, was undone before, a later decision about the
    commission stands, or the statement of a period to which it was posted is approved.
    """
    decision = _locked_decision(session, decision_id)
    _require_undoable(session, decision)
    transaction_ids, holds = _done_by(session, decision)
    record = begin_record(
        session,
        now,
        DecisionKind.UNDO,
        actor,
        brand_id=decision.brand_id,
        statement_id=decision.statement_id,
        creator_id=decision.creator_id,
        commission_id=decision.commission_id,
        currency=decision.currency,
        amount_minor=decision.amount_minor,
        undoes_id=decision.id,
        hold_until=_end_of(holds) if decision.kind == DecisionKind.RELEASE else None,
        note=note,
    )
    if record is None:
        raise Conflict(_undone_words(session, decision))
    draft = _draft_period(session, decision, transaction_ids)
    undoing = Undoing(decision, transaction_ids, holds, draft, record)
    record.finish(session, OPPOSITES[decision.kind](session, now, undoing))
    note_undo(session, now, decision, record.decision_id)
    return record.decision_id


def _end_of(holds: Sequence[Hold]) -> datetime | None:
    return max((each.ends_at for each in holds if each.ends_at is not None), default=None)


def _locked_decision(session: Session, decision_id: str) -> ReviewDecision:
    decision = session.get(ReviewDecision, decision_id)
    if decision is None:
        raise NotFound(f"There is no decision {decision_id}.")
    lock_books(session, decision.brand_id)
    return decision


def _require_undoable(session: Session, decision: ReviewDecision) -> None:
    if decision.kind == DecisionKind.UNDO:
        raise Conflict(f"{decision.id} undid {decision.undoes_id} and cannot be undone: decide again.")
    if decision.kind not in OPPOSITES:
        raise Conflict(f"{decision.id} is about credit: it cannot be undone.")
    if decision.reversal_ref is not None:
        raise Conflict(f"{decision.id} belongs to the money of {decision.reversal_ref} that was taken back.")
    if _undo_of(session, decision.id) is not None:
        raise Conflict(_undone_words(session, decision))
    _require_not_approved(session, decision)
    later = _later_decision(session, decision)
    if later is not None:
        raise Conflict(
            f"{decision.commission_id} was decided about again after {decision.id}: undo {later.id} "
            f"({later.kind}) first."
        )


def _undo_of(session: Session, decision_id: str) -> ReviewDecision | None:
    return session.scalar(select(ReviewDecision).where(ReviewDecision.undoes_id == decision_id))


def _undone_words(session: Session, decision: ReviewDecision) -> str:
    by = _undo_of(session, decision.id)
    assert by is not None, "the unique constraint found it"
    who = " ".join(filter(None, (by.actor_kind, by.actor_id)))
    return f"{decision.id} was undone before, {by.decided_at:%Y-%m-%d %H:%M} UTC by {who} ({by.id})."


def _require_not_approved(session: Session, decision: ReviewDecision) -> None:
    """Look at the periods to which it was posted; without any, at the one in which it was taken."""
    posted = (
        select(Transaction.period_id)
        .join(DecisionTransaction, DecisionTransaction.transaction_id == Transaction.id)
        .where(DecisionTransaction.decision_id == decision.id)
    )
    taken = (Period.starts_at <= decision.decided_at) & (decision.decided_at < Period.ends_at)
    concerned = [Period.id.in_(posted), Statement.id == decision.statement_id]
    if decision.statement_id is None:
        concerned.append(taken & ~posted.exists())
    row = session.execute(
        select(Statement, Period.name)
        .join(Period, Period.id == Statement.period_id)
        .where(
            Statement.brand_id == decision.brand_id,
            Statement.currency == decision.currency,
            Statement.state != "draft",
            or_(*concerned),
        )
        .order_by(Period.starts_at)
        .limit(1)
    ).first()
    if row is not None:
        statement, period = row
        raise Conflict(
            f"The statement of {period} is {statement.state}: {decision.id}, which counts in it, cannot be "
            "undone any more."
        )


def _later_decision(session: Session, decision: ReviewDecision) -> ReviewDecision | None:
    """The last decision about the same commission that stands and was taken later."""
    if decision.commission_id is None:
        return None
    undoing = aliased(ReviewDecision)
    return session.scalar(
        select(ReviewDecision)
        .where(
            ReviewDecision.commission_id == decision.commission_id,
            ReviewDecision.kind != DecisionKind.UNDO,
            ReviewDecision.id > decision.id,
            ~exists().where(undoing.undoes_id == ReviewDecision.id),
        )
        .order_by(ReviewDecision.id.desc())
        .limit(1)
    )


def _done_by(session: Session, decision: ReviewDecision) -> tuple[list[str], list[Hold]]:
    """The ids of the transactions that a decision posted, and its holds as they are now."""
    posted = select(DecisionTransaction.transaction_id).where(DecisionTransaction.decision_id == decision.id)
    changed = (
        select(Hold)
        .join(DecisionHold, DecisionHold.hold_id == Hold.id)
        .where(DecisionHold.decision_id == decision.id)
        .order_by(Hold.placed_at, Hold.id)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(posted)), list(session.scalars(changed))


def _draft_period(
    session: Session, decision: ReviewDecision, transaction_ids: Sequence[str]
) -> Period | None:
    """The closed period to which it was posted, or else that of the draft on which it was taken."""
    query = select(Period).where(Period.state == "closed").order_by(Period.starts_at).limit(1)
    if transaction_ids:
        own = select(Transaction.period_id).where(Transaction.id.in_(transaction_ids))
        return session.scalar(query.where(Period.id.in_(own)))
    of_draft = select(Statement.period_id).where(Statement.id == decision.statement_id)
    return session.scalar(query.where(Period.id.in_(of_draft)))
