"""Decisions of which a creator is told: the message waits ten minutes, and an undo recalls it."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from payouts.statements.models import DecisionKind, ReviewDecision
from tracker.mail.causes import UNDO_WINDOW, Cause, note, recall
from tracker.mail.kinds import MailKind

TOLD: Mapping[str, MailKind] = {
    DecisionKind.HOLD: MailKind.LINE_HELD,
    DecisionKind.EXTEND: MailKind.LINE_HELD,
    DecisionKind.RELEASE: MailKind.LINE_RELEASED,
    DecisionKind.DECLINE: MailKind.LINE_DECLINED,
}


def note_decision(
    session: Session, now: datetime, kind: DecisionKind, decision_id: str, *, brand_id: str, creator_id: str
) -> None:
    if (told := TOLD.get(kind)) is not None:
        note(session, now, Cause(told, brand_id, decision_id, creator_id, now + UNDO_WINDOW))


def note_undo(session: Session, now: datetime, decision: ReviewDecision, undo_id: str) -> None:
    """Recall the message about the decision; when it was composed before, tell the creator of the undo."""
    told = TOLD.get(decision.kind)
    if told is None or recall(session, told, decision.id):
        return
    if decision.kind == DecisionKind.DECLINE:
        restored = MailKind.LINE_RESTORED
        later = now + UNDO_WINDOW
        note(session, now, Cause(restored, decision.brand_id, undo_id, decision.creator_id, later))
