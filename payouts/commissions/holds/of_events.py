"""Holds because of messages that are parked or in conflict, until they are applied or dismissed.

Such a message holds the commission of its order, whether it was released or not, for a limited time from when
it began to hold the order. Until this module has placed the hold, the message blocks the release.
"""

from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, CompoundSelect, Select, bindparam, exists, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from payouts.commissions.entries import locked_commission, owner_conditions
from payouts.commissions.holds.placing import lift_hold, place_hold
from payouts.commissions.models import Commission, Hold, PlacedBy
from payouts.commissions.reasons import CommissionReason
from tracker.reasons import Reason
from tracker.sales.inbox.models import UNAPPLIED, Event
from tracker.sales.inbox.unapplied import unapplied_by_sale
from tracker.sales.orders.models import Sale

_Id = ColumnElement[str] | InstrumentedAttribute[str]


def hold_for_events(session: Session, now: datetime, limit: int, *, brand_id: str = "") -> int:
    """Hold up to `limit` commissions whose order an unapplied event names. Returns how many."""
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
    """Live commissions, each with an unapplied event that never held its order before.

    Parameters: `brand_id`, `limit`.
    """
    found = (
        named.with_only_columns(Commission.id.label("commission_id"), Event.id.label("event_id")).where(
            Commission.sale_id == Sale.id,
            Commission.live,
            *owner_conditions(for_brand),
            ~_held_by(Sale.id, Event.id),
        )
        for named in unapplied_by_sale()
    )
    return union(*found).order_by("commission_id", "event_id").limit(bindparam("limit"))


def sales_with_new_events() -> Select[str]:
    """Ids of sales whose order an unapplied event names that has not held it yet: its hold will be placed."""
    named = union(*unapplied_by_sale()).subquery()
    return select(named.c.sale_id).where(~_held_by(named.c.sale_id, named.c.event_id))


def _held_by(sale_id: _Id, event_id: _Id) -> ColumnElement[bool]:
    """Whether the event holds, or held, a commission of the sale; a hold that ended is not placed again."""
    held = aliased(Commission)
    return exists().where(Hold.cause_id == event_id, held.id == Hold.commission_id, held.sale_id == sale_id)


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
