"""Decisions with the undo of each, as JSON and as text."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from payouts.commissions.models import Commission
from payouts.statements.models import DecisionKind, ReviewDecision
from tracker.errors import NotFound
from tracker.money import Money
from tracker.times import format_utc, optional_utc_text

DecisionAndUndo = tuple[ReviewDecision, ReviewDecision | None]


def decisions_about(session: Session, commission_id: str) -> Sequence[DecisionAndUndo]:
    """The decisions about a commission, oldest first. Raises NotFound for an unknown one."""
    if session.get(Commission, commission_id) is None:
        raise NotFound(f"There is no commission {commission_id}.")
    return _decisions(session, ReviewDecision.commission_id == commission_id)


def decisions_on(session: Session, statement_id: str) -> Sequence[DecisionAndUndo]:
    """The decisions on the draft of a statement, oldest first."""
    return _decisions(session, ReviewDecision.statement_id == statement_id)


def _decisions(session: Session, condition: ColumnElement[bool]) -> Sequence[DecisionAndUndo]:
    undone_by = aliased(ReviewDecision)
    rows = session.execute(
        select(ReviewDecision, undone_by)
        .join(undone_by, undone_by.undoes_id == ReviewDecision.id, isouter=True)
        .where(condition, ReviewDecision.kind != DecisionKind.UNDO)
        .order_by(ReviewDecision.decided_at, ReviewDecision.id)
    )
    return [(decision, by) for decision, by in rows]


def decision_json(decision: ReviewDecision, undone_by: ReviewDecision | None) -> dict[str, Any]:
    """`evidence` is for the brand; `undone` is null while the decision stands."""
    return {
        "id": decision.id,
        "kind": decision.kind,
        "statement": decision.statement_id,
        "commission": decision.commission_id,
        "creator": decision.creator_id,
        "amount": Money(decision.amount_minor, decision.currency).as_json(),
        "code": decision.code,
        "note": decision.note,
        "evidence": decision.evidence,
        "until": optional_utc_text(decision.hold_until),
        **_who_and_when(decision),
        "undone": None
        if undone_by is None
        else {"id": undone_by.id, "note": undone_by.note, **_who_and_when(undone_by)},
    }


def _who_and_when(decision: ReviewDecision) -> dict[str, Any]:
    return {
        "at": format_utc(decision.decided_at),
        "actor": {
            "kind": decision.actor_kind,
            "id": decision.actor_id,
            "entry_point": decision.entry_point,
        },
    }


def decision_text(data: Mapping[str, Any]) -> str:
    """What `decision_json` returned, in one line."""
    subject = data["commission"] or data["creator"]
    until = f"until {data['until']}" if data["until"] else None
    details = filter(None, (data["code"], data["note"], until))
    undone = f"; undone {data['undone']['at']}" if data["undone"] else ""
    amount = Money(**data["amount"])
    who = " ".join(filter(None, (data["actor"]["kind"], data["actor"]["id"])))
    head = f"{data['id']}  {data['at']} {data['kind']} {subject}, {amount}, by {who}"
    return f"{': '.join(filter(None, (head, ', '.join(details))))}{undone}"
