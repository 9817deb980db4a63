"""Holds again what is open of commissions that are held.

A hold moves no money that is with the rail, or may be. This moves it once it is open again: because its
payout failed, or a transfer came back.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from payouts.commissions.entries import locked_commission, owner_conditions, reason_of
from payouts.commissions.holds.open_holds import is_held, of_open_hold
from payouts.commissions.holds.placing import holds_of, move_into_hold
from payouts.commissions.models import Commission, Hold
from payouts.commissions.movements import (
    came_back_open,
    not_held_minor,
    open_minor,
    open_minor_of,
    returned_parts,
)


def reapply_holds(
    session: Session, now: datetime, limit: int | None = None, *, brand_id: str = "", creator_id: str = ""
) -> int:
    """Hold again what is open of commissions that have an open hold. Returns of how many, at most `limit`.

    A commission that is held completely may stay a candidate for long, because of what else came back of its
    payout: it does not count for the limit.
    """
    candidates = _held_with_open_money(bool(brand_id), bool(creator_id))
    moved = 0
    for commission_id in session.scalars(candidates, {"brand_id": brand_id, "creator_id": creator_id}).all():
        if moved == limit:
            break
        if not _has_money_to_hold(session, commission_id):
            continue
        commission = locked_commission(session, commission_id)
        for placed in holds_of(session, commission_id)[:1]:
            moved += move_into_hold(session, now, commission, placed.cause_id, reason_of(placed))
    return moved


def brands_to_hold_again(session: Session) -> Sequence[str]:
    """The brands for which `reapply_holds` has something to do."""
    held = session.execute(_held_with_brands())
    return sorted(
        {brand_id for commission_id, brand_id in held if _has_money_to_hold(session, commission_id)}
    )


@cache
def _held_with_brands() -> Select[str, str]:
    return _held_of_all().add_columns(Commission.brand_id).distinct()


def _has_money_to_hold(session: Session, commission_id: str) -> bool:
    """Few commissions come this far: those that are held and whose payout failed or came back."""
    if not_held_minor(session, commission_id) <= 0:
        return False
    return open_minor(session, commission_id) > 0 or bool(returned_parts(session, commission_id))


@cache
def _held_with_open_money(for_brand: bool, for_creator: bool) -> Select[str]:
    """Commissions that were released, have an open hold, and may have money that is in no sent payout.

    Parameters: `brand_id`, `creator_id`.
    """
    found = _held_of_creator() if for_creator else _held_of_all()
    return found.where(*owner_conditions(for_brand, for_creator)).distinct().order_by(Commission.id)


def _held_of_all() -> Select[str]:
    """Starts from the open holds."""
    held = select(Commission.id).select_from(Hold).join(Commission, of_open_hold())
    return held.where(Hold.lifted_at.is_(None), *_may_have_open_money())


def _held_of_creator() -> Select[str]:
    """Starts from the commissions of the creator."""
    return select(Commission.id).where(is_held(), *_may_have_open_money())


def _may_have_open_money() -> Sequence[ColumnElement[bool] | InstrumentedAttribute[bool]]:
    return (
        Commission.live,
        Commission.first_released_at.is_not(None),
        or_(open_minor_of(Commission.id) > 0, came_back_open(Commission.id)),
    )
