"""The release date of a commission, and its release when that date has come and nothing holds it."""

from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Select, bindparam, exists, select, union
from sqlalchemy.orm import Session

from payouts.commissions.entries import (
    Change,
    entries_of,
    locked_commission,
    owner_conditions,
    record_account_move,
)
from payouts.commissions.holds.placing import holds_of, reapply_holds
from payouts.commissions.models import Commission, Hold
from payouts.commissions.reasons import CommissionReason
from tracker.reasons import Reason
from tracker.sales.inbox.unapplied import unapplied_by_sale
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
    unapplied = union(*unapplied_by_sale()).subquery()
    return (
        select(Commission.id)
        .join(Sale, Sale.id == Commission.sale_id)
        .where(
            Commission.live,
            Commission.matured_at.is_(None),
            Commission.release_at < bindparam("before"),
            Commission.release_at <= bindparam("now"),
            ~held,
            Sale.id.not_in(select(unapplied.c.sale_id)),
            *owner_conditions(for_brand),
        )
        .order_by(Commission.release_at, Commission.id)
        .limit(bindparam("limit"))
    )


def _release(session: Session, now: datetime, commission_id: str) -> None:
    commission = locked_commission(session, commission_id)
    if commission.matured_at is not None or not commission.live or holds_of(session, commission_id):
        return  # another worker was faster
    times = sum(entry.kind == "mature" for entry in entries_of(session, commission_id))
    lifted_at = session.scalar(
        select(Hold.lifted_at)
        .where(Hold.commission_id == commission_id)
        .order_by(Hold.lifted_at.desc())
        .limit(1)
    )
    code = CommissionReason.RELEASE_DATE if lifted_at is None else CommissionReason.RELEASE_AFTER_HOLD
    releasable_at = max(commission.release_at, lifted_at or commission.release_at)
    record_account_move(
        session,
        now,
        commission,
        Change("mature", f"{commission_id}:{times + 1}", Reason(code), releasable_at),
    )
    commission.matured_at = now
    session.flush()


LATE_REPORT_HOLD = timedelta(days=7)
"""The minimum hold after a late report of a sale, or the hold of the terms, if that is shorter."""


def release_date(sale: Sale, hold: timedelta) -> datetime:
    """The release date. A sale that is reported late is held longer, so that it can be reviewed."""
    return max(sale.occurred_at + hold, sale.created_at + min(hold, LATE_REPORT_HOLD))
