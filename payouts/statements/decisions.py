"""Decisions of a person at the brand about one commission: hold, release, decline, keep."""

from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from payouts.commissions.entries import (
    Change,
    current_amount_minor,
    entries_of,
    locked_commission,
    record_change,
)
from payouts.commissions.holds.placing import (
    hold_count,
    hold_words,
    holds_of,
    is_liftable,
    lift_hold,
    place_hold,
)
from payouts.commissions.models import Commission, PlacedBy
from payouts.commissions.reasons import DECISIONS, CommissionReason, decision_reason
from payouts.commissions.undecided import newer_attribution
from payouts.ledger.models import Period, Posting, Transaction
from payouts.settlement.models import Item, Payout, TransferReversal
from payouts.statements.models import Statement
from tracker.errors import Conflict, Invalid, NotFound
from tracker.reasons import Reason

REASONS = {code.value: words for code, words in DECISIONS.items()}
"""The codes that a person can give as a reason, with their words."""


def decline(
    session: Session, now: datetime, commission_id: str, *, reason: str, note: str = ""
) -> Commission:
    """Set a commission to 0. A decision during the review of its draft counts for the draft's period.

    `reason` is a code of REASONS; the creator reads it and the note. Raises Invalid for an unknown code or a
    missing note; Conflict when the commission was declined or replaced before.
    """
    commission = _live_commission(session, commission_id)
    period = draft_period(session, commission.brand_id, commission.currency, commission.id)
    change = Change("decline", commission.id, _reason(reason, note), now, {"code": reason}, period)
    if not record_change(session, now, commission, change, amount_after_minor=0):
        raise Conflict(f"{commission_id} was declined before.")
    return commission


def hold(session: Session, now: datetime, commission_id: str, *, reason: str, note: str = "") -> Commission:
    """Hold a commission until it is released. During a review it counts for the draft's period.

    If its payout is on its way, the hold takes effect only when the payout fails. Raises Invalid as `decline`
    does; Conflict when the commission is worth nothing, was paid or was replaced.
    """
    commission = _live_commission(session, commission_id)
    if current_amount_minor(entries_of(session, commission_id)) == 0:
        raise Conflict(f"{commission_id} is worth nothing: there is nothing to hold.")
    _require_unpaid(session, commission)
    place_hold(
        session,
        now,
        commission,
        placed_by=PlacedBy.PERSON,
        cause_id=f"review:{1 + hold_count(session, commission_id)}",
        reason=_reason(reason, note),
        draft=draft_period(session, commission.brand_id, commission.currency, commission.id),
    )
    return commission


def release(session: Session, now: datetime, commission_id: str, *, note: str = "") -> int:
    """Lift the holds that people or rules placed. Returns how many were lifted.

    `note` is stored with them. Raises NotFound when there is none to lift: the hold of a dispute or of an
    event ends only with its cause.
    """
    locked_commission(session, commission_id)
    active_holds = holds_of(session, commission_id)
    own = [placed for placed in active_holds if is_liftable(session, placed)]
    if not own:
        others = "".join(f" {hold_words(placed)}." for placed in active_holds)
        raise NotFound(f"No hold of {commission_id} can be lifted by a person.{others}")
    return sum(lift_hold(session, now, commission_id, placed.cause_id, note=note.strip()) for placed in own)


def keep(session: Session, now: datetime, commission_id: str, *, note: str = "") -> Commission:
    """Leave a released commission as it is, although newer evidence credits somebody else, or no one.

    Raises NotFound when there is nothing to decide; Conflict when the commission was replaced.
    """
    commission = _live_commission(session, commission_id)
    newest = newer_attribution(session, commission)
    if newest is None:
        raise NotFound(f"{commission_id} has no credit dispute: there is nothing to decide.")
    text = note.strip()
    reason = (
        Reason(CommissionReason.CREDIT_KEPT_WITH_NOTE, {"note": text})
        if text
        else Reason(CommissionReason.CREDIT_KEPT)
    )
    change = Change("kept", newest.id, reason, now)
    record_change(
        session,
        now,
        commission,
        change,
        amount_after_minor=current_amount_minor(entries_of(session, commission_id)),
    )
    return commission


def _require_unpaid(session: Session, commission: Commission) -> None:
    """Raises Conflict when its whole amount was paid and nothing of that came back."""
    has_reversal = exists().where(TransferReversal.payout_id == Payout.id)
    paid_minor, payout_id = session.execute(
        select(func.coalesce(func.sum(Item.amount_minor), 0), func.max(Payout.id))
        .join(Payout, Payout.id == Item.payout_id)
        .join(Posting, Posting.id == Item.posting_id)
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .where(Transaction.subject_id == commission.id, Item.live, Payout.state == "paid", ~has_reversal)
    ).one()
    if int(paid_minor) >= current_amount_minor(entries_of(session, commission.id)):
        raise Conflict(
            f"{commission.id} was paid by {payout_id}: nothing of it can be held. If it was not "
            "earned, decline it, and the next payout deducts it: "
            f"linkledger commission decline {commission.id} --reason …"
        )


def _live_commission(session: Session, commission_id: str) -> Commission:
    """The commission, under its brand's lock. Raises Conflict when new evidence replaced or ended it."""
    commission = locked_commission(session, commission_id)
    if commission.live:
        return commission
    replaced_by = session.scalar(
        select(Commission.id).where(Commission.sale_id == commission.sale_id, Commission.live)
    )
    if replaced_by is None:
        raise Conflict(
            f"{commission_id} ended because new evidence credits nobody. The sale has no commission now: "
            "there is nothing to decide."
        )
    raise Conflict(
        f"{commission_id} was replaced because of new evidence. The sale's commission is now "
        f"{replaced_by}: decide about that one."
    )


def _reason(code: str, note: str) -> Reason:
    if code not in REASONS:
        raise Invalid(f"{code!r} is not a reason code. Choose one of: {', '.join(REASONS)}.")
    if code == "other" and not note.strip():
        raise Invalid("The reason 'other' needs a note: the creator will read it.")
    return decision_reason(CommissionReason(code), note.strip())


def draft_period(session: Session, brand_id: str, currency: str, commission_id: str) -> Period | None:
    """The period of the oldest draft that contains the commission, for review decisions (docs/money.md 6).

    None when the commission was released or held in a later period: then the draft no longer reflects it.
    """
    contained = exists().where(Transaction.subject_id == commission_id, Transaction.period_id == Period.id)
    later = aliased(Period)
    moved_since = exists().where(
        Transaction.subject_id == commission_id,
        Transaction.kind.in_(("mature", "hold")),
        Transaction.period_id == later.id,
        later.starts_at > Period.starts_at,
    )
    return session.execute(
        select(Period)
        .join(Statement, Statement.period_id == Period.id)
        .where(
            Statement.brand_id == brand_id,
            Statement.currency == currency,
            Statement.state == "draft",
            contained,
            ~moved_since,
        )
        .order_by(Period.starts_at)
        .limit(1)
    ).scalar_one_or_none()
