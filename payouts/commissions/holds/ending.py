"""Ends holds that have lasted as long as they may, so that the release job releases their commissions."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, case, select, union_all, update
from sqlalchemy.orm import Session

from config.among import among
from payouts.commissions.entries import owner_conditions
from payouts.commissions.holds.ends import latest_end
from payouts.commissions.holds.open_holds import of_open_hold
from payouts.commissions.holds.placing import placer_of
from payouts.commissions.models import Commission, Hold
from payouts.commissions.pay_dates import note_pay_dates
from payouts.commissions.reasons import COMMISSION_TEXTS, CommissionReason
from payouts.ledger.operations import lock_books
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
    for owner in sorted({each.brand_id for each in over}):
        lock_books(session, owner)
    for each in over:
        if each.ends_at is None:
            _give_end(session, each.id)
    ended = [each for each in over if each.ends_at is not None]
    _end(session, now, [each.id for each in ended])
    last_ends = {each.commission_id: max(each.ends_at, each.placed_at) for each in ended}
    note_pay_dates(session, now, list(last_ends), ended_at=last_ends)
    return len(over)


def brands_with_ended_holds(session: Session, now: datetime) -> Sequence[str]:
    """The brands for which `end_holds` has something to do."""
    return session.scalars(_brands_query(), {"before": now, "now": now}).all()


@cache
def _brands_query() -> Select[str]:
    """Parameters: `before`, `now`."""
    over = union_all(*_ended(False)).subquery()
    return select(over.c.brand_id).distinct()


def _end(session: Session, now: datetime, hold_ids: Sequence[str]) -> None:
    """Lift the holds at their ends. A copy of a hold may be younger than its end: it ends as it is placed."""
    reason = Reason(CommissionReason.HOLD_ENDED)
    ended_at = case((Hold.ends_at > Hold.placed_at, Hold.ends_at), else_=Hold.placed_at)
    over = (among(Hold.id, "hold_ids"), Hold.lifted_at.is_(None), Hold.ends_at <= bindparam("now"))
    ended = update(Hold).where(*over).execution_options(synchronize_session="fetch")
    explanation = {"lift_note": COMMISSION_TEXTS.words(reason), "lift_code": reason.code.value}
    session.execute(ended.values(lifted_at=ended_at, **explanation), {"hold_ids": hold_ids, "now": now})


def _give_end(session: Session, hold_id: str) -> None:
    """A process of an older version placed it during an upgrade, without an end."""
    placed = session.get_one(Hold, hold_id)
    commission = session.get_one(Commission, placed.commission_id)
    timezone = load_rules(session, commission.brand_id).calendar_at(placed.placed_at).timezone
    ends_at = latest_end(placer_of(session, placed), placed.placed_at, commission.release_at, timezone)
    without_end = update(Hold).where(Hold.id == placed.id, Hold.ends_at.is_(None))
    session.execute(without_end.values(ends_at=ends_at))


@cache
def _over(for_brand: bool) -> Select[*tuple[Any, ...]]:
    """As `_ended`, in the order of their ends. Parameters: `before`, `now`, `brand_id`, `limit`."""
    over = union_all(*_ended(for_brand)).subquery()
    columns = select(over)
    return columns.order_by(over.c.ends_at, over.c.id).limit(bindparam("limit"))


def _ended(for_brand: bool) -> Iterator[Select[*tuple[Any, ...]]]:
    """Open holds whose end has come, and review holds that have no end: two look-ups in one index.

    Parameters: `before`, `now`, `brand_id`.
    """
    has_ended = (Hold.ends_at < bindparam("before")) & (Hold.ends_at <= bindparam("now"))
    lacks_end = Hold.ends_at.is_(None) & (Hold.kind == "review")
    for condition in (has_ended, lacks_end):
        yield (
            select(Hold.id, Hold.commission_id, Hold.placed_at, Hold.ends_at, Commission.brand_id)
            .join(Commission, of_open_hold())
            .where(Hold.lifted_at.is_(None), condition, *owner_conditions(for_brand))
        )
