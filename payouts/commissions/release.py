"""Releases commissions whose release date has come and that nothing holds."""

from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, exists, func, select
from sqlalchemy.orm import Session

from payouts.commissions.entries import (
    Change,
    DatedStep,
    current_amount_minor,
    dated,
    draft_periods,
    entries_of,
    locked_commission,
    owner_conditions,
    period_at,
    record_steps,
)
from payouts.commissions.holds.of_events import sales_with_new_events
from payouts.commissions.holds.placing import holds_of, reapply_holds
from payouts.commissions.models import Commission, Entry, Hold
from payouts.commissions.movements import movements_of_commission, taken_from_returned
from payouts.commissions.positions import release_in_draft_steps, release_steps
from payouts.commissions.reasons import CommissionReason
from payouts.ledger.models import Period
from tracker.reasons import Reason
from tracker.sales.orders.models import Sale


def release_due(
    session: Session, now: datetime, limit: int, *, before: datetime | None = None, brand_id: str = ""
) -> int:
    """Release up to `limit` commissions whose release date has come and that nothing holds.

    The close of a period gives `before`: only commissions with an earlier release date. Returns how many were
    released or held again.
    """
    held = reapply_holds(session, now, limit, brand_id=brand_id)
    parameters = {"before": before or now, "now": now, "brand_id": brand_id, "limit": limit}
    releasable = list(session.scalars(_releasable(bool(brand_id)), parameters))
    for commission_id in releasable:
        _release(session, now, commission_id)
    return held + len(releasable)


@cache
def _releasable(for_brand: bool) -> Select[str]:
    """Ids of commissions that can be released. Parameters: `before`, `now`, `brand_id`, `limit`."""
    held = exists().where(Hold.commission_id == Commission.id, Hold.lifted_at.is_(None))
    return (
        select(Commission.id)
        .join(Sale, Sale.id == Commission.sale_id)
        .where(
            Commission.live,
            Commission.matured_at.is_(None),
            Commission.release_at < bindparam("before"),
            Commission.release_at <= bindparam("now"),
            ~held,
            Sale.id.not_in(sales_with_new_events()),
            *owner_conditions(for_brand),
        )
        .order_by(Commission.release_at, Commission.id)
        .limit(bindparam("limit"))
    )


def _release(session: Session, now: datetime, commission_id: str) -> None:
    commission = locked_commission(session, commission_id)
    if commission.matured_at is not None or not commission.live or holds_of(session, commission_id):
        return  # another worker was faster
    lifted = _last_lift(session, commission_id)
    code = CommissionReason.RELEASE_DATE if lifted is None else CommissionReason.RELEASE_AFTER_HOLD
    released_at = max(commission.release_at, lifted or commission.release_at)
    release_commission(session, now, commission, Reason(code), released_at)


def _last_lift(session: Session, commission_id: str) -> datetime | None:
    """When the last hold was lifted; None without any."""
    return session.scalar(select(func.max(Hold.lifted_at)).where(Hold.commission_id == commission_id))


def release_in_draft(session: Session, now: datetime, commission: Commission, draft: Period) -> bool:
    """Release by a decision on a draft what was due before the end of its period and is held by nothing.

    Returns whether it was released. Call it under the brand's lock.
    """
    due = _releasable(False).where(Commission.id == commission.id)
    if session.scalar(due, {"before": draft.ends_at, "now": now, "limit": 1}) is None:
        return False
    reason = Reason(CommissionReason.RELEASE_AFTER_HOLD)
    release_commission(session, now, commission, reason, now, draft=draft)
    return True


def release_commission(
    session: Session,
    now: datetime,
    commission: Commission,
    reason: Reason,
    effective_at: datetime,
    *,
    draft: Period | None = None,
) -> None:
    """Move everything that is held to `payable`. Nothing may hold it any more, and its release date is over.

    Only decisions on a draft give `draft`: what stands there is released there.
    """
    entries = entries_of(session, commission.id)
    times = sum(entry.kind == "mature" for entry in entries) + 1
    _give_back_returned(session, now, commission, reason, f"{commission.id}:{times}")
    change = Change("mature", f"{commission.id}:{times}", reason, effective_at, draft=draft)
    record_steps(session, now, commission, change, _release_steps(session, now, commission, entries, change))
    commission.matured_at = now
    commission.first_released_at = commission.first_released_at or now
    session.flush()


def _release_steps(
    session: Session, now: datetime, commission: Commission, entries: list[Entry], change: Change
) -> list[DatedStep]:
    at_period = period_at(session, now, commission, change.effective_at)
    if len(entries) == 1 and change.draft is None:  # nothing but the accrual: the usual case needs no query
        amount = current_amount_minor(entries)
        return [DatedStep(at_period, "mature", amount)] if amount else []
    moved = movements_of_commission(session, commission.id)
    if change.draft is None:
        steps = release_steps(moved, at_period.starts_at)
    else:
        steps = release_in_draft_steps(moved, draft_periods(session, now, commission, change.draft))
    return dated(session, commission.brand_id, steps)


def _give_back_returned(
    session: Session, now: datetime, commission: Commission, reason: Reason, cause_id: str
) -> None:
    """What was held of the money that came back of a payout belongs to that payout again."""
    taken = taken_from_returned(session, commission.id) if commission.first_released_at else {}
    for payout_id, taken_minor in taken.items():
        moved = movements_of_commission(session, commission.id).values()
        amount = min(taken_minor, sum(each.pending_minor for each in moved))
        if amount > 0:
            steps = [DatedStep(period_at(session, now, commission, now), "mature", amount)]
            change = Change("mature", f"{cause_id}:{payout_id}", reason, now, returned_from=payout_id)
            record_steps(session, now, commission, change, steps)
