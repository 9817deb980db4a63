"""A message that could not be applied holds what its order earned, until it is applied or dismissed.

Unreleased commissions are blocked anyway; this module handles those released before the message came.
"""

from datetime import datetime
from functools import cache

from sqlalchemy import CompoundSelect, Select, bindparam, exists, select, union
from sqlalchemy.orm import Session

from payouts.commissions.entries import locked_commission
from payouts.commissions.models import Commission, Hold
from payouts.commissions.owners import owner_conditions
from payouts.commissions.release import lift_hold, place_hold
from tracker.sales.inbox.models import UNAPPLIED, Event
from tracker.sales.inbox.unapplied import unapplied_by_sale
from tracker.sales.orders.models import Sale


def hold_for_events(session: Session, now: datetime, limit: int, *, brand_id: str = "") -> int:
    """Hold up to `limit` released commissions whose order an unsettled event names. How many."""
    waiting = session.execute(
        _without_event_hold(bool(brand_id)), {"brand_id": brand_id, "limit": limit}
    ).all()
    for commission_id, event_id in waiting:
        reason = f"a message about this order waits for a decision: {event_id}"
        commission = locked_commission(session, commission_id)
        place_hold(session, now, commission, kind="review", cause_id=event_id, reason=reason)
    return len(waiting)


def lift_for_events(session: Session, now: datetime, limit: int, *, brand_id: str = "") -> int:
    """Let go of up to `limit` holds whose event was settled; what it said has been entered. How many."""
    resolved = session.execute(
        _obsolete_event_holds(bool(brand_id)), {"brand_id": brand_id, "limit": limit}
    ).all()
    for commission_id, event_id in resolved:
        locked_commission(session, commission_id)
        lift_hold(session, now, commission_id, event_id)
    return len(resolved)


@cache
def _without_event_hold(for_brand: bool) -> CompoundSelect[str, str]:
    """Released commissions, and the unsettled event for which each is not held. With `brand_id`, `limit`."""
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
    """Holds that stand for an event that was settled since. With `brand_id` and `limit`."""
    return (
        select(Hold.commission_id, Hold.cause_id)
        .join(Event, Event.id == Hold.cause_id)
        .join(Commission, Commission.id == Hold.commission_id)
        .where(Hold.lifted_at.is_(None), Event.state.not_in(UNAPPLIED), *owner_conditions(for_brand))
        .order_by(Hold.id)
        .limit(bindparam("limit"))
    )
