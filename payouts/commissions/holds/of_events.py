"""Holds because of messages that are parked or in conflict, until they are applied or dismissed.

Such a message holds the commission of its order, whether it was released or not, for a limited time from when
it began to hold the order. Until this module has placed the hold, the message blocks the release.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    bindparam,
    exists,
    literal_column,
    or_,
    select,
    union,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from payouts.commissions.entries import locked_commission, owner_conditions
from payouts.commissions.holds.new_holds import NewHold, insert_holds
from payouts.commissions.holds.open_holds import of_open_hold
from payouts.commissions.holds.placing import lift_holds, place_hold
from payouts.commissions.models import Commission, Hold, PlacedBy
from payouts.commissions.reasons import CommissionReason
from payouts.ledger.operations import lock_books
from tracker.reasons import Reason
from tracker.sales.inbox.models import UNAPPLIED, Event
from tracker.sales.inbox.unapplied import unapplied_by_sale, unapplied_event_ids
from tracker.sales.orders.models import Sale

_Id = ColumnElement[str] | InstrumentedAttribute[str]


def hold_for_events(session: Session, now: datetime, limit: int, *, brand_id: str = "") -> int:
    """Hold up to `limit` commissions of each brand whose order an unapplied event names. Returns how many."""
    owners = brands_to_hold_for_events(session, brand_id)
    return sum(_hold_all(session, now, limit, owner) for owner in owners)


def _hold_all(session: Session, now: datetime, limit: int, brand_id: str) -> int:
    """Hold commissions of one brand. They are chosen under the lock: until then others may replace them.

    Those that were never released are held together. The others have money to move, and are held one by one.
    """
    lock_books(session, brand_id)
    parameters = {"event_ids": unapplied_event_ids(session), "brand_id": brand_id, "limit": limit}
    waiting = session.execute(_without_event_hold(), parameters).all()
    together = []
    for each in waiting:
        reason = Reason(CommissionReason.MESSAGE_WAITS, {"event": each.event_id})
        if each.first_released_at is not None:
            commission = locked_commission(session, each.commission_id)
            by = PlacedBy.EVENT
            place_hold(session, now, commission, placed_by=by, cause_id=each.event_id, reason=reason)
        else:
            new = NewHold(each.commission_id, each.release_at, PlacedBy.EVENT, each.event_id, reason)
            together.append(new)
    insert_holds(session, now, brand_id, together)
    return len(waiting)


def lift_for_events(session: Session, now: datetime, limit: int, *, brand_id: str = "") -> int:
    """Lift up to `limit` holds whose event was applied or dismissed. Returns how many.

    Call it when everything that was applied has been entered.
    """
    parameters = {"brand_id": brand_id, "limit": limit}
    resolved = session.execute(_obsolete_event_holds(bool(brand_id)), parameters).all()
    for owner in sorted({each.brand_id for each in resolved}):
        lock_books(session, owner)
    lift_holds(session, now, [(each.commission_id, each.cause_id) for each in resolved])
    return len(resolved)


def brands_to_hold_for_events(session: Session, brand_id: str = "") -> Sequence[str]:
    """The brands for which `hold_for_events` has something to do; with `brand_id`, at most this one."""
    event_ids = unapplied_event_ids(session)
    if not event_ids:
        return []
    parameters = {"event_ids": event_ids, "brand_id": brand_id}
    return sorted(session.scalars(_brands_to_hold(bool(brand_id)), parameters))


def brands_to_lift_for_events(session: Session) -> Sequence[str]:
    """The brands for which `lift_for_events` has something to do."""
    return session.scalars(_brands_to_lift()).all()


@cache
def _brands_to_hold(for_brand: bool) -> Select[str]:
    """Parameters: `event_ids`, `brand_id`."""
    found = union(*_named_without_hold(for_brand)).subquery()
    return select(found.c.brand_id).distinct()


@cache
def _brands_to_lift() -> Select[str]:
    return _obsolete().with_only_columns(Commission.brand_id).distinct()


@cache
def _without_event_hold() -> CompoundSelect[*tuple[Any, ...]]:
    """Of one brand, in the order of ids. Parameters: `event_ids`, `brand_id`, `limit`."""
    found = union(*_named_without_hold(for_brand=True))
    return found.order_by("commission_id", "event_id").limit(bindparam("limit"))


def _named_without_hold(for_brand: bool) -> Iterator[Select[*tuple[Any, ...]]]:
    """Live commissions, each with an unapplied event that never held its order before."""
    columns = (
        Commission.id.label("commission_id"),
        Event.id.label("event_id"),
        Commission.brand_id,
        Commission.release_at,
        Commission.first_released_at,
    )
    for named in unapplied_by_sale():
        yield named.with_only_columns(*columns).where(
            Commission.sale_id == Sale.id,
            Commission.live,
            *owner_conditions(for_brand),
            ~_held_by(Sale.id, Event.id),
        )


def sales_with_new_events(session: Session, event_ids: Sequence[str] | None = None) -> Sequence[str]:
    """Ids of sales whose order an unapplied event names that has not held it yet: its hold will be placed.

    `event_ids`: the unapplied events, if they are known.
    """
    if event_ids is None:
        event_ids = unapplied_event_ids(session)
    return session.scalars(_sales_query(), {"event_ids": event_ids}).all() if event_ids else []


@cache
def _sales_query() -> Select[str]:
    """Parameter: `event_ids`."""
    named = union(*unapplied_by_sale()).subquery()
    return select(named.c.sale_id).where(~_held_by(named.c.sale_id, named.c.event_id))


def _held_by(sale_id: _Id, event_id: _Id) -> ColumnElement[bool]:
    """Whether the event holds, or held, a commission of the sale; a hold that ended is not placed again."""
    held = aliased(Commission)
    return exists().where(Hold.cause_id == event_id, held.id == Hold.commission_id, held.sale_id == sale_id)


@cache
def _obsolete_event_holds(for_brand: bool) -> Select[str, str, str]:
    """Holds of events that were applied or dismissed since. Parameters: `brand_id`, `limit`."""
    return (
        _obsolete()
        .with_only_columns(Hold.commission_id, Hold.cause_id, Commission.brand_id)
        .where(*owner_conditions(for_brand))
        .order_by(Hold.id)
        .limit(bindparam("limit"))
    )


def _obsolete() -> Select[str]:
    """Open holds whose cause is an event that is not waiting any more, found by the index of such holds.

    A row that a process of an older version wrote may not say that it is an event's.
    """
    of_event = or_(Hold.placed_by == literal_column("'event'"), Hold.placed_by.is_(None))
    return (
        select(Hold.id)
        .join(Event, Event.id == Hold.cause_id)
        .join(Commission, of_open_hold())
        .where(Hold.lifted_at.is_(None), of_event, Event.state.not_in(UNAPPLIED))
    )
