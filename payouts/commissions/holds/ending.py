"""Ends holds that have lasted as long as they may, so that the release job releases their commissions."""

from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, or_, select, update
from sqlalchemy.orm import Session

from payouts.commissions.entries import locked_commission, owner_conditions
from payouts.commissions.holds.ends import latest_end
from payouts.commissions.holds.placing import lift_hold, placer_of
from payouts.commissions.models import Commission, Hold
from payouts.commissions.reasons import CommissionReason
from tracker.people.accounts.rules_versions import load_rules
from tracker.reasons import Reason


def end_holds(
    session: Session, now: datetime, limit: int, *, before: datetime | None = None, brand_id: str = ""
) -> int:
    """Lift up to `limit` holds whose end has come. Returns how many holds were processed.

    The close of a period gives `before`: only holds that ended earlier. A hold ends at its end, however late
    the job runs, so that the release belongs to that time.
    """
    parameters = {"before": before or now, "now": now, "brand_id": brand_id, "limit": limit}
    over = session.execute(_over(bool(brand_id)), parameters).all()
    for commission_id, hold_id in over:
        locked_commission(session, commission_id)
        placed = session.get_one(Hold, hold_id, populate_existing=True)
        if placed.ends_at is None:
            _give_end(session, placed)
        elif placed.lifted_at is None and placed.ends_at <= now:
            _end(session, placed, placed.ends_at)
    return len(over)


def _end(session: Session, placed: Hold, ends_at: datetime) -> None:
    reason = Reason(CommissionReason.HOLD_ENDED)
    ended_at = max(ends_at, placed.placed_at)  # a copy of a hold may be younger than its end
    lift_hold(session, ended_at, placed.commission_id, placed.cause_id, reason=reason)


def _give_end(session: Session, placed: Hold) -> None:
    """A process of an older version placed it during an upgrade, without an end."""
    commission = session.get_one(Commission, placed.commission_id)
    timezone = load_rules(session, commission.brand_id).calendar_at(placed.placed_at).timezone
    ends_at = latest_end(placer_of(session, placed), placed.placed_at, commission.release_at, timezone)
    without_end = update(Hold).where(Hold.id == placed.id, Hold.ends_at.is_(None))
    session.execute(without_end.values(ends_at=ends_at))


@cache
def _over(for_brand: bool) -> Select[str, str]:
    """Open holds whose end has come, and review holds that have no end.

    Parameters: `before`, `now`, `brand_id`, `limit`.
    """
    has_ended = (Hold.ends_at < bindparam("before")) & (Hold.ends_at <= bindparam("now"))
    lacks_end = Hold.ends_at.is_(None) & (Hold.kind == "review")
    return (
        select(Hold.commission_id, Hold.id)
        .join(Commission, Commission.id == Hold.commission_id)
        .where(Hold.lifted_at.is_(None), or_(has_ended, lacks_end), *owner_conditions(for_brand))
        .order_by(Hold.ends_at, Hold.id)
        .limit(bindparam("limit"))
    )
