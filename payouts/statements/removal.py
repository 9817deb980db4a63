"""Removal of a creator for cause: what is not paid yet is held, with the cause (docs/money.md 7)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from payouts.commissions.entries import current_amount_minor, entries_of
from payouts.commissions.holds.placing import place_hold
from payouts.commissions.models import Commission, PlacedBy
from payouts.commissions.reasons import CommissionReason
from payouts.ledger.models import Posting, Transaction
from payouts.ledger.operations import lock_books
from payouts.settlement.models import Item, Payout, TransferReversal
from payouts.statements.decisions.drafts import draft_of
from payouts.statements.rows.refresh import refresh_drafts
from tracker.audit.actors import Actor
from tracker.people.accounts.operations import get_brand
from tracker.programs.leaving import remove_creator
from tracker.programs.models import Enrollment
from tracker.reasons import Reason
from tracker.sales.attribution.models import Attribution


def remove_and_hold(
    session: Session,
    now: datetime,
    *,
    actor: Actor,
    brand_id: str,
    creator_id: str,
    program_id: str | None = None,
    cause: str | None = None,
) -> tuple[Sequence[Enrollment], Sequence[Commission]]:
    """Remove a creator, as `remove_creator` does; with `cause`, also hold what is not paid yet.

    Each commission is held for a limited time, in which a person declines or releases it. Commissions of
    earlier sales that are booked later are not held. Returns the changed enrollments and what is held.
    """
    if cause is not None:
        lock_books(session, get_brand(session, brand_id).id)
    ended = remove_creator(
        session,
        now,
        actor=actor,
        brand_id=brand_id,
        creator_id=creator_id,
        program_id=program_id,
        cause=cause,
    )
    if cause is None:
        return ended, []
    held = [commission for each in ended for commission in _hold_unpaid(session, now, each)]
    refresh_drafts(session, brand_id)
    return ended, held


def _hold_unpaid(session: Session, now: datetime, removed: Enrollment) -> Sequence[Commission]:
    reason = Reason(CommissionReason.REMOVED, {"removal": _removal_columns(removed)})
    cause_id = f"removal:{removed.id}:{removed.removed_at:%Y-%m-%dT%H:%M:%S.%fZ}"
    unpaid = _unpaid_commissions(session, removed)
    for commission in unpaid:
        draft = draft_of(session, commission)
        place_hold(
            session,
            now,
            commission,
            placed_by=PlacedBy.REMOVAL,
            cause_id=cause_id,
            reason=reason,
            draft=draft.period if draft else None,
        )
    return unpaid


def _removal_columns(removed: Enrollment) -> dict[str, object]:
    return {
        "reason": removed.removal_reason,
        "reason_code": removed.removal_reason_code,
        "reason_parameters": removed.removal_reason_parameters,
    }


def _unpaid_commissions(session: Session, removed: Enrollment) -> Sequence[Commission]:
    """Those of the enrollment that are not paid whole. Money that is with the rail is not paid yet."""
    query = (
        select(Commission)
        .join(Attribution, Attribution.id == Commission.attribution_id)
        .where(Commission.live, Attribution.enrollment_id == removed.id)
        .order_by(Commission.id)
        .execution_options(populate_existing=True)
    )
    paid = _paid_minor(session, removed.creator_id)
    return [
        each
        for each in session.scalars(query).all()
        if current_amount_minor(entries_of(session, each.id)) > max(paid.get(each.id, 0), 0)
    ]


def _paid_minor(session: Session, creator_id: str) -> Mapping[str, int]:
    """By subject: what payouts of the creator paid of it, of which nothing came back, in minor units."""
    has_reversal = exists().where(TransferReversal.payout_id == Payout.id)
    rows = session.execute(
        select(Transaction.subject_id, func.sum(Item.amount_minor))
        .join(Posting, Posting.transaction_id == Transaction.id)
        .join(Item, Item.posting_id == Posting.id)
        .join(Payout, Payout.id == Item.payout_id)
        .where(Payout.creator_id == creator_id, Item.live, ~has_reversal)
        .where(Payout.state.in_(("paid", "settled")))
        .group_by(Transaction.subject_id)
    )
    return {subject_id: int(amount) for subject_id, amount in rows}
