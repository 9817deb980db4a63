"""Holds, and the release of commissions when their time has come and nothing stands against it."""

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, select, union, update
from sqlalchemy.orm import Session

from config.insert import insert_once
from payouts.commissions.entries import Change, entries_of, locked_commission, record_account_move
from payouts.commissions.models import Commission, Entry, Hold
from payouts.commissions.owners import owner_conditions
from payouts.ledger.models import Period, Posting
from payouts.settlement.models import Item, Payout
from tracker.ids import new_id
from tracker.sales.inbox.unapplied import unapplied_by_sale
from tracker.sales.orders.models import Sale


def release_due(
    session: Session, now: datetime, limit: int, *, before: datetime | None = None, brand_id: str = ""
) -> int:
    """Release up to `limit` commissions whose hold is over. How many were released or held again.

    `before` and `brand_id` narrow it for the closing of a period: release times before the cut-off only.
    """
    held = reapply_holds(session, now, limit, brand_id=brand_id)
    asked = {"before": before or now, "now": now, "brand_id": brand_id, "limit": limit}
    releasable = list(session.scalars(_releasable(bool(brand_id)), asked))
    for commission_id in releasable:
        _release(session, now, commission_id)
    return held + len(releasable)


def reapply_holds(
    session: Session, now: datetime, limit: int | None = None, *, brand_id: str = "", creator_id: str = ""
) -> int:
    """Hold commissions whose hold was placed while they were in a payout that was not completed."""
    candidates = _held_after_release(bool(brand_id), bool(creator_id), limit is not None)
    asked = {"brand_id": brand_id, "creator_id": creator_id, "limit": limit}
    waiting = list(session.scalars(candidates, asked))
    for commission_id in waiting:
        commission = locked_commission(session, commission_id)
        for placed in holds_of(session, commission_id)[:1]:
            _move_into_hold(session, now, commission, placed.cause_id, placed.reason)
    return len(waiting)


@cache
def _held_after_release(for_brand: bool, for_creator: bool, limited: bool) -> Select[str]:
    """Released commissions that are held and not with the rail. With `brand_id`, `creator_id`, `limit`."""
    has_active_hold = exists().where(Hold.commission_id == Commission.id, Hold.lifted_at.is_(None))
    candidates = (
        select(Commission.id)
        .where(
            Commission.live,
            Commission.matured_at.is_not(None),
            has_active_hold,
            *owner_conditions(for_brand, for_creator),
        )
        .where(_settled_minor_query().where(Entry.commission_id == Commission.id).scalar_subquery() <= 0)
        .order_by(Commission.id)
    )
    return candidates.limit(bindparam("limit")) if limited else candidates


def place_hold(
    session: Session,
    now: datetime,
    commission: Commission,
    *,
    kind: str,
    cause_id: str,
    reason: str,
    period: Period | None = None,
    signal: str | None = None,
    evidence: dict[str, Any] | None = None,
) -> bool:
    """Keep a commission from being paid; what is payable and not yet in a payout goes back into hold.

    The creator reads `reason`. `period` is only given by review decisions on a draft, `signal` and
    `evidence` only by suspicion.
    False when this cause held it before. Call it under the brand's lock.
    """
    placed = insert_once(
        session,
        Hold,
        id=new_id("hld", now),
        commission_id=commission.id,
        kind=kind,
        cause_id=cause_id,
        reason=reason,
        placed_at=now,
        lifted_at=None,
        signal=signal,
        evidence=evidence,
        lift_note=None,
    )
    if placed:
        _move_into_hold(session, now, commission, cause_id, reason, period)
    return placed


def _move_into_hold(
    session: Session,
    now: datetime,
    commission: Commission,
    cause_id: str,
    reason: str,
    period: Period | None = None,
) -> None:
    if commission.matured_at is None or is_settled(session, commission.id):
        return
    record_account_move(session, now, commission, Change("hold", cause_id, reason, now, period=period))
    commission.matured_at = None
    session.flush()


def lift_hold(session: Session, now: datetime, commission_id: str, cause_id: str, note: str = "") -> bool:
    """Lift a hold. The next run releases the commission if no other hold remains.

    `note` is why, when a person said so.
    """
    lifted = session.execute(
        update(Hold)
        .where(Hold.commission_id == commission_id, Hold.cause_id == cause_id, Hold.lifted_at.is_(None))
        .values(lifted_at=now, lift_note=note or None)
        .returning(Hold.id)
    )
    return lifted.first() is not None


def is_settled(session: Session, commission_id: str) -> bool:
    """Whether money of this commission is with the rail, or may be: its payout was sent and has not returned.

    One that is only prepared chooses anew before it is sent. Entries that one payout settled together may
    come to nothing, such as a release and the hold after it. What is unsettled of a commission that was
    settled in part stays payable, and payouts leave it out while it is held (see selection).
    """
    return settled_minor(session, commission_id) > 0


def settled_minor(session: Session, commission_id: str) -> int:
    """What of the commission is with the rail, or may be."""
    return int(session.scalar(_settled_minor_query().where(Entry.commission_id == commission_id)) or 0)


def _settled_minor_query() -> Select[int]:
    """What payouts that were sent, and stayed there, contain; to be narrowed to a commission."""
    return (
        select(func.coalesce(func.sum(Item.amount_minor), 0))
        .join(Payout, Payout.id == Item.payout_id)
        .join(Posting, Posting.id == Item.posting_id)
        .join(Entry, Entry.transaction_id == Posting.transaction_id)
        .where(Item.live, Payout.state.not_in(("prepared", "returned")))
    )


def hold_count(session: Session, commission_id: str) -> int:
    """How often the commission was held, for whatever cause, lifted ones included."""
    return int(session.scalar(select(func.count(Hold.id)).where(Hold.commission_id == commission_id)) or 0)


def holds_of(session: Session, commission_id: str) -> list[Hold]:
    return list(
        session.execute(
            select(Hold)
            .where(Hold.commission_id == commission_id, Hold.lifted_at.is_(None))
            .order_by(Hold.placed_at, Hold.id)
        ).scalars()
    )


def lifted_holds_of(session: Session, commission_id: str) -> list[Hold]:
    """What held it once, in the order in which it was lifted."""
    return list(
        session.execute(
            select(Hold)
            .where(Hold.commission_id == commission_id, Hold.lifted_at.is_not(None))
            .order_by(Hold.lifted_at, Hold.id)
        ).scalars()
    )


@cache
def _releasable(for_brand: bool) -> Select[str]:
    """What nothing keeps from being released. To be asked with `before`, `now`, `brand_id` and `limit`."""
    held = exists().where(Hold.commission_id == Commission.id, Hold.lifted_at.is_(None))
    event_holds = union(*unapplied_by_sale()).subquery()
    return (
        select(Commission.id)
        .join(Sale, Sale.id == Commission.sale_id)
        .where(
            Commission.live,
            Commission.matured_at.is_(None),
            Commission.release_at < bindparam("before"),
            Commission.release_at <= bindparam("now"),
            ~held,
            Sale.id.not_in(select(event_holds.c.sale_id)),
            *owner_conditions(for_brand),
        )
        .order_by(Commission.release_at, Commission.id)
        .limit(bindparam("limit"))
    )


def _release(session: Session, now: datetime, commission_id: str) -> None:
    commission = locked_commission(session, commission_id)
    if commission.matured_at is not None or not commission.live or holds_of(session, commission_id):
        return  # somebody else was first
    times = sum(entry.kind == "mature" for entry in entries_of(session, commission_id))
    lifted_at = session.scalar(
        select(Hold.lifted_at)
        .where(Hold.commission_id == commission_id)
        .order_by(Hold.lifted_at.desc())
        .limit(1)
    )
    reason = "the hold is over" if lifted_at is None else "the hold is over and what held it is settled"
    releasable_at = max(commission.release_at, lifted_at or commission.release_at)
    record_account_move(
        session, now, commission, Change("mature", f"{commission_id}:{times + 1}", reason, releasable_at)
    )
    commission.matured_at = now
    session.flush()
