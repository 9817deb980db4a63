"""The record of a decision: one row, with the transactions it posted and the holds it changed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.insert import insert_once
from payouts.commissions.entries import current_amount_minor, entries_of
from payouts.commissions.models import Commission
from payouts.ledger.models import Transaction
from payouts.ledger.operations import lock_books
from payouts.statements.decisions.drafts import Draft
from payouts.statements.decisions.notices import note_decision
from payouts.statements.models import DecisionHold, DecisionKind, DecisionTransaction, ReviewDecision
from payouts.statements.rows.refresh import refresh_drafts
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.ids import is_id, new_id
from tracker.people.accounts.operations import CREATOR


@dataclass(frozen=True)
class Record:
    """The row of a decision whose work follows in the same transaction."""

    decision_id: str
    brand_id: str
    subject_id: str
    """The commission, or the creator of a bonus or deduction: the subject of the transactions."""
    seq: int
    """The number of the brand's last transaction before the decision."""

    act: Callable[[Session], object]
    """Writes who decided what into the audit, after all else."""

    def finish(self, session: Session, hold_ids: Iterable[str] = ()) -> None:
        """Add what was posted since the record began, and the holds; write the rows of drafts again."""
        posted = select(Transaction.id).where(
            Transaction.brand_id == self.brand_id,
            Transaction.subject_id == self.subject_id,
            Transaction.seq > self.seq,
        )
        session.add_all(
            DecisionTransaction(decision_id=self.decision_id, transaction_id=each)
            for each in session.scalars(posted)
        )
        session.add_all(DecisionHold(decision_id=self.decision_id, hold_id=each) for each in hold_ids)
        session.flush()
        refresh_drafts(session, self.brand_id)
        self.act(session)


def record_about(
    session: Session,
    now: datetime,
    kind: DecisionKind,
    actor: Actor,
    commission: Commission,
    draft: Draft | None,
    **details: Any,
) -> Record:
    """Begin the record of a decision about a commission. `details`: further columns of ReviewDecision."""
    columns: dict[str, Any] = {
        "statement_id": draft.statement.id if draft else None,
        "commission_id": commission.id,
        "amount_minor": current_amount_minor(entries_of(session, commission.id)),
        **details,
    }
    owner = {"brand_id": commission.brand_id, "creator_id": commission.creator_id}
    begun = begin_record(session, now, kind, actor, **owner, currency=commission.currency, **columns)
    assert begun is not None, "only an undo can exist already"
    note_decision(session, now, kind, begun.decision_id, **owner)
    return begun


def begin_record(
    session: Session, now: datetime, kind: DecisionKind, actor: Actor, *, brand_id: str, **columns: Any
) -> Record | None:
    """Write the row of a decision. None when it undoes a decision that is undone already."""
    seq = lock_books(session, brand_id).seq
    decision_id = new_id("dec", now)
    texts = {name: (columns.get(name) or "").strip() or None for name in ("code", "note", "evidence")}
    written = insert_once(
        session,
        ReviewDecision,
        id=decision_id,
        brand_id=brand_id,
        kind=kind.value,
        decided_at=now,
        **actor.columns(),
        **_OPTIONAL | columns | texts,
    )
    subject_id = columns.get("commission_id") or columns["creator_id"]
    shown = ("statement_id", "undoes_id", "amount_minor", "currency", "hold_until", "code", "reversal_ref")
    given = {name: columns[name] for name in shown if columns.get(name) is not None}
    note = {name: texts[name] for name in ("note", "evidence") if texts[name]}
    act = partial(
        record,
        now=now,
        actor=actor,
        action=_ACTIONS[kind],
        **about(_subject_kind(subject_id), subject_id, brand_id),
        after={"decision": decision_id, **given},
        personal=note or None,
        personal_about=columns.get("creator_id"),
    )
    return Record(decision_id, brand_id, subject_id, seq, act) if written else None


def _subject_kind(subject_id: str) -> Subject:
    return Subject.CREATOR if is_id(subject_id, CREATOR) else Subject.COMMISSION


_ACTIONS = {
    DecisionKind.HOLD: Action.COMMISSION_HOLD,
    DecisionKind.EXTEND: Action.COMMISSION_EXTEND,
    DecisionKind.RELEASE: Action.COMMISSION_RELEASE,
    DecisionKind.DECLINE: Action.COMMISSION_DECLINE,
    DecisionKind.BONUS: Action.STATEMENT_BONUS,
    DecisionKind.DEDUCTION: Action.STATEMENT_DEDUCTION,
    DecisionKind.MOVE_CREDIT: Action.CREDIT_MOVE,
    DecisionKind.KEEP_CREDIT: Action.CREDIT_KEEP,
    DecisionKind.UNDO: Action.DECISION_UNDO,
}


_OPTIONAL: dict[str, Any] = dict.fromkeys(
    ("statement_id", "commission_id", "hold_until", "undoes_id", "reversal_ref")
)
