"""A person decides who is credited, when newer evidence came after the first release (docs/money.md 4)."""

from datetime import datetime

from sqlalchemy.orm import Session

from payouts.commissions.credit import keep_credit, move_credit
from payouts.commissions.models import Commission
from payouts.statements.decisions.commissions import Decided
from payouts.statements.decisions.records import record_about
from payouts.statements.decisions.subjects import live_commission
from payouts.statements.models import DecisionKind
from tracker.audit.actors import Actor


def confirm(
    session: Session, now: datetime, commission_id: str, *, actor: Actor, note: str = ""
) -> Commission | None:
    """Move the credit to the creator whom the newest evidence credits. Returns the new commission.

    None when the newest evidence credits no one. Raises NotFound when there is nothing to decide; Conflict
    when the commission was replaced.
    """
    commission = live_commission(session, commission_id)
    record = record_about(session, now, DecisionKind.MOVE_CREDIT, actor, commission, None, note=note)
    moved = move_credit(session, now, commission)
    record.finish(session)
    return moved


def keep(session: Session, now: datetime, commission_id: str, *, actor: Actor, note: str = "") -> Decided:
    """Leave a released commission as it is, although newer evidence credits somebody else, or no one.

    Raises NotFound when there is nothing to decide; Conflict when the commission was replaced.
    """
    commission = live_commission(session, commission_id)
    record = record_about(session, now, DecisionKind.KEEP_CREDIT, actor, commission, None, note=note)
    keep_credit(session, now, commission, note.strip())
    record.finish(session)
    return Decided(record.decision_id)
