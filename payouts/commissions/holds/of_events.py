"""Holds because of messages that are parked or in conflict, until they are applied or dismissed.

Such a message blocks the release of its order's commission. This module holds the commissions that were
released before it came.
"""

from datetime import datetime
from functools import cache

from sqlalchemy import CompoundSelect, Select, bindparam, exists, select, union
from sqlalchemy.orm import Session

from payouts.commissions.entries import locked_commission, owner_conditions
from payouts.commissions.holds.placing import lift_hold, place_hold
from payouts.commissions.models import Commission, Hold, PlacedBy
from payouts.commissions.reasons import CommissionReason
from tracker.reasons import Reason
from tracker.sales.inbox.models import UNAPPLIED, Event
from tracker.sales.inbox.unapplied import unapplied_by_sale
from tracker.sales.orders.models import Sale


def hold_for_events(session: Session, now: datetime, limit: int, *, brand_id: str = "") -> int:
    """Hold up to `limit` released commissions whose order an unapplied event names. Returns how many."""
    waiting = session.execute(
        _without_event_hold(bool(brand_id)), {"brand_id": brand_id, "limit": limit}
    ).all()
    for commission_id, event_id in waiting:
        reason = Reason(CommissionReason.MESSAGE_WAITS, {"event": event_id})
        commission = locked_commission(session, commission_id)
        place_hold(session, now, commission, placed_by=PlacedBy.EVENT, cause_id=event_id, reason=reason)
    return len(waiting)


def lift_for_events(session: Session, now: datetime, limit: int, *, brand_id: str = "") -> int:
    """Lift up to `limit` holds whose event was applied or dismissed. Returns how many.

    Call it when everything that was applied has been entered.
    """
    resolved = session.execute(
        _obsolete_event_holds(bool(brand_id)), {"brand_id": brand_id, "limit": limit}
    ).all()
    for commission_id, event_id in resolved:
        locked_commission(session, commission_id)
        lift_hold(session, now, commission_id, event_id)
    return len(resolved)


@cache
def _without_event_hold(for_brand: bool) -> CompoundSelect[str, str]:
    """Released commissions, each with an unapplied event to hold it. Parameters: `brand_id`, `limit`."""
    known = exists().where(Hold.commission_id == Commission.id, Hold.cause_id == Event.id)
    released = [Commission.live, Commission.matured_at.is_not(None), *owner_conditions(for_brand)]
    found = (
        named.with_only_columns(Commission.id.label("commission_id"), Event.id.label("event_id")).where(
            Commission.sale_id == Sale.id, *released, ~known
        )
        for named in unapplied_by_sale()
    )
    return union(*found).order_by("commission_id", "event_id").limit(bindparam("limit"))


@cache
def _obsolete_event_holds(for_brand: bool) -> Select[str, str]:
    """Holds of events that were applied or dismissed since. Parameters: `brand_id`, `limit`."""
    return (
        select(Hold.commission_id, Hold.cause_id)
        .join(Event, Event.id == Hold.cause_id)
        .join(Commission, Commission.id == Hold.commission_id)
        .where(Hold.lifted_at.is_(None), Event.state.not_in(UNAPPLIED), *owner_conditions(for_brand))
        .order_by(Hold.id)
        .limit(bindparam("limit"))
    )
