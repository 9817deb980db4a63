"""What undoes each kind of decision."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased

from payouts.commissions.adjustment import adjust_to_facts
from payouts.commissions.entries import Change, opposite_steps, reason_of, record_steps
from payouts.commissions.holds.ends import latest_end
from payouts.commissions.holds.placing import holds_of, lift_hold, place_hold, placer_of
from payouts.commissions.holds.reapplying import reapply_holds
from payouts.commissions.models import Commission, Hold
from payouts.commissions.movements import movements_of_commission
from payouts.commissions.pay_dates import note_pay_dates
from payouts.commissions.reasons import CommissionReason
from payouts.commissions.release import release_commission
from payouts.ledger.manual import book_manually
from payouts.ledger.models import Period
from payouts.statements.decisions.records import Record
from payouts.statements.decisions.subjects import live_commission, require_unpaid
from payouts.statements.models import DecisionHold, DecisionKind, ReviewDecision
from tracker.errors import Conflict
from tracker.people.accounts.rules_versions import load_rules
from tracker.reasons import Reason


@dataclass(frozen=True)
class Undoing:
    """A decision that is undone, with what it did, and the record of the undo."""

    decision: ReviewDecision
    transaction_ids: Sequence[str]
    holds: Sequence[Hold]
    draft: Period | None
    """The closed period to which the decision was posted, or on whose draft it was taken."""
    record: Record


def _commission(session: Session, undoing: Undoing) -> Commission:
    assert undoing.decision.commission_id is not None, "this kind of decision is about a commission"
    return live_commission(session, undoing.decision.commission_id)


def _undo_hold(session: Session, now: datetime, undoing: Undoing) -> list[str]:
    """Lift the hold. What it had moved is released again; another hold that came since moves it now."""
    commission = _commission(session, undoing)
    (placed,) = undoing.holds
    draft = undoing.draft if undoing.transaction_ids else None
    if not lift_hold(session, now, commission.id, placed.cause_id, note=_note(undoing), draft=draft):
        assert placed.lifted_at is not None, "a hold that cannot be lifted was lifted"
        ended = f"{placed.lifted_at:%Y-%m-%d %H:%M} UTC"
        raise Conflict(f"The hold of {commission.id} ended {ended}: there is nothing to undo.")
    if undoing.transaction_ids:
        reason = Reason(CommissionReason.RELEASE_AFTER_HOLD)
        release_commission(session, now, commission, reason, now, draft=undoing.draft)
        reapply_holds(session, now, brand_id=commission.brand_id, creator_id=commission.creator_id)
    return [placed.id]


def _note(undoing: Undoing) -> str:
    return f"the decision {undoing.decision.id} was undone"


def _undo_extension(session: Session, now: datetime, undoing: Undoing) -> list[str]:
    """Give the hold the end that it had before."""
    commission = _commission(session, undoing)
    (placed,) = undoing.holds
    former = _former_end(session, undoing.decision, placed)
    zone = load_rules(session, commission.brand_id).calendar_at(now).timezone
    by_rule = latest_end(placer_of(session, placed), placed.placed_at, commission.release_at, zone)
    shortened = session.execute(
        update(Hold)
        .where(Hold.id == placed.id, Hold.lifted_at.is_(None))
        .values(ends_at=former or by_rule, extended=False, extension_note=None)
        .returning(Hold.id)
    )
    if shortened.first() is None:
        raise Conflict(f"The hold of {commission.id} has ended: there is nothing to undo.")
    note_pay_dates(session, now, [commission.id])
    return [placed.id]


def _former_end(session: Session, extension: ReviewDecision, placed: Hold) -> datetime | None:
    """The end that an earlier decision gave the hold; None when a rule placed it."""
    undoing = aliased(ReviewDecision)
    return session.scalar(
        select(ReviewDecision.hold_until)
        .join(DecisionHold, DecisionHold.decision_id == ReviewDecision.id)
        .where(
            DecisionHold.hold_id == placed.id,
            ReviewDecision.id < extension.id,
            ReviewDecision.hold_until.is_not(None),
            ~exists().where(undoing.undoes_id == ReviewDecision.id),
        )
        .order_by(ReviewDecision.id.desc())
        .limit(1)
    )


def _undo_release(session: Session, now: datetime, undoing: Undoing) -> list[str]:
    """Place the holds again, with their reasons and ends. They hold in the draft what was released there."""
    commission = _commission(session, undoing)
    require_unpaid(session, commission)
    causes = []
    for number, lifted in enumerate(undoing.holds, start=1):
        cause = f"undo:{undoing.decision.id}"
        causes.append(cause if number == 1 else f"{cause}:{number}")
        place_hold(
            session,
            now,
            commission,
            placed_by=placer_of(session, lifted),
            cause_id=causes[-1],
            reason=reason_of(lifted),
            ends_at=lifted.ends_at,
            draft=undoing.draft,
            signal=lifted.signal,
            evidence=lifted.evidence,
        )
        if lifted.extended:
            again = update(Hold).where(Hold.commission_id == commission.id, Hold.cause_id == causes[-1])
            session.execute(again.values(extended=True, extension_note=lifted.extension_note))
    return [each.id for each in holds_of(session, commission.id) if each.cause_id in causes]


def _undo_decline(session: Session, now: datetime, undoing: Undoing) -> list[str]:
    """Reinstate what was reversed, in the same periods, and enter what shops reported since."""
    commission = _commission(session, undoing)
    undo_id = undoing.record.decision_id
    reason = Reason(CommissionReason.DECLINE_UNDONE)
    change = Change("decline_undone", undoing.decision.id, reason, now)
    steps = opposite_steps(session, undoing.transaction_ids)
    amount = undoing.decision.amount_minor
    record_steps(session, now, commission, change, steps, amount_after_minor=amount)
    held_minor = sum(each.pending_minor for each in movements_of_commission(session, commission.id).values())
    if held_minor > 0:  # while it was worth nothing the job may have released it
        commission.matured_at = None
        session.flush()
    adjust_to_facts(session, now, commission, undo_id)
    reapply_holds(session, now, brand_id=commission.brand_id, creator_id=commission.creator_id)
    return []


def _undo_bonus(session: Session, now: datetime, undoing: Undoing) -> list[str]:
    return _book_opposite(session, now, undoing, DecisionKind.DEDUCTION)


def _undo_deduction(session: Session, now: datetime, undoing: Undoing) -> list[str]:
    return _book_opposite(session, now, undoing, DecisionKind.BONUS)


def _book_opposite(session: Session, now: datetime, undoing: Undoing, kind: DecisionKind) -> list[str]:
    decision = undoing.decision
    assert undoing.draft is not None, "a bonus and a deduction are posted to a draft"
    book_manually(
        session,
        now,
        brand_id=decision.brand_id,
        kind=kind.value,
        key=undoing.record.decision_id,
        amount_minor=decision.amount_minor,
        currency=decision.currency,
        reason=f"undone: {decision.note}",
        creator_id=decision.creator_id,
        draft=undoing.draft,
    )
    return []


OPPOSITES: Mapping[str, Callable[[Session, datetime, Undoing], list[str]]] = {
    DecisionKind.HOLD: _undo_hold,
    DecisionKind.EXTEND: _undo_extension,
    DecisionKind.RELEASE: _undo_release,
    DecisionKind.DECLINE: _undo_decline,
    DecisionKind.BONUS: _undo_bonus,
    DecisionKind.DEDUCTION: _undo_deduction,
}
"""By kind of decision: what undoes it. It returns the ids of the holds that it changed."""
