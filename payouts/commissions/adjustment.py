"""Enters refunds, cancellations and disputes in commissions: each once, as a difference."""

from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, exists, select, union
from sqlalchemy.orm import Session

from payouts.commissions.entries import Change, entries_of, locked_commission, owner_conditions, record_change
from payouts.commissions.holds.of_events import hold_for_events, lift_for_events
from payouts.commissions.holds.placing import lift_hold, place_hold, reapply_holds
from payouts.commissions.models import Commission, Entry, PlacedBy
from payouts.commissions.reasons import CommissionReason
from payouts.commissions.worth.causes import Cause, causes_of
from payouts.commissions.worth.facts import Facts, worth_minor
from tracker.reasons import Reason
from tracker.sales.orders.amounts import amounts_of
from tracker.sales.orders.models import (
    Cancellation,
    CumulativeRefund,
    DisputeStatus,
    Refund,
    RefundFailure,
    Sale,
)


def adjust_due(
    session: Session, now: datetime, limit: int, *, brand_id: str = "", creator_id: str = ""
) -> int:
    """Enter new reports of shops for up to `limit` commissions. Returns how many commissions were processed.

    Unapplied messages hold the commissions. These holds are lifted after everything else has been entered.
    """
    held = hold_for_events(session, now, limit, brand_id=brand_id)
    parameters = {"brand_id": brand_id, "creator_id": creator_id, "limit": limit}
    waiting = list(session.scalars(_with_new_causes(bool(brand_id), bool(creator_id)), parameters))
    for commission_id in waiting:
        adjust(session, now, commission_id)
    if held or waiting:
        return held + len(waiting)
    return lift_for_events(session, now, limit, brand_id=brand_id)


def adjust_all(
    session: Session, now: datetime, brand_id: str, *, creator_id: str = "", batch: int = 500
) -> None:
    """Enter everything that the brand's shops have reported so far, without waiting for the job."""
    while adjust_due(session, now, batch, brand_id=brand_id, creator_id=creator_id):
        session.flush()


def enter_pending_reports(session: Session, now: datetime, brand_id: str, creator_id: str = "") -> None:
    """Enter reports and reapply holds before a payout.

    A commission must not be paid while a refund or a dispute of its sale waits for the job.
    """
    adjust_all(session, now, brand_id, creator_id=creator_id)
    reapply_holds(session, now, brand_id=brand_id, creator_id=creator_id)


def adjust(session: Session, now: datetime, commission_id: str) -> int:
    """Enter every cause that is not entered yet, oldest first. Returns how many there were."""
    commission = locked_commission(session, commission_id)
    sale = session.get_one(Sale, commission.sale_id)
    entries = entries_of(session, commission.id)
    entered = {entry.cause_id for entry in entries}
    causes = causes_of(session, sale.id)
    facts = entered_facts(sale, causes, entries)
    waiting = [cause for cause in causes if cause.id not in entered]
    for cause in waiting:
        facts = cause.applied_to(facts)
        _enter(session, now, commission, cause, facts, sale.occurred_at)
    return len(waiting)


def entered_facts(sale: Sale, causes: list[Cause], entries: list[Entry]) -> Facts:
    """The facts that the given entries take into account."""
    entered = {entry.cause_id for entry in entries}
    facts = Facts(amounts_of(sale), declined=_declined(entries))
    for cause in causes:
        if cause.id in entered:
            facts = cause.applied_to(facts)
    return facts


def _declined(entries: list[Entry]) -> bool:
    return any(entry.kind in ("decline", "superseded") for entry in entries)


def _enter(
    session: Session, now: datetime, commission: Commission, cause: Cause, facts: Facts, sold_at: datetime
) -> None:
    effective_at = max(cause.occurred_at, sold_at)
    reason = cause.reason(commission.currency)
    change = Change(cause.kind, cause.id, reason, effective_at, {"event": cause.row.event_id})
    remaining_minor = worth_minor(facts, commission.base, commission.rate_bp)  # type: ignore[arg-type]
    record_change(session, now, commission, change, amount_after_minor=remaining_minor)
    if isinstance(cause.row, DisputeStatus):
        _update_dispute_hold(session, now, commission, cause.row.dispute_id, facts)


def _update_dispute_hold(
    session: Session, now: datetime, commission: Commission, dispute_id: str, facts: Facts
) -> None:
    """An open dispute holds the whole unpaid commission; the hold is lifted when the dispute is decided."""
    if dispute_id in facts.open_disputes():
        reason = Reason(CommissionReason.DISPUTE_OPEN, {"dispute": dispute_id})
        by = PlacedBy.DISPUTE
        place_hold(session, now, commission, placed_by=by, cause_id=dispute_id, reason=reason)
    else:
        lift_hold(session, now, commission.id, dispute_id)


@cache
def _with_new_causes(for_brand: bool, for_creator: bool) -> Select[str]:
    """Live commissions with a cause that is not entered. Parameters: `brand_id`, `creator_id`, `limit`."""
    selects = []
    for table in (Refund, RefundFailure, CumulativeRefund, Cancellation, DisputeStatus):
        entered = exists().where(Entry.commission_id == Commission.id, Entry.cause_id == table.id)
        selects.append(
            select(Commission.id)
            .join(table, table.sale_id == Commission.sale_id)
            .where(Commission.live, ~entered, *owner_conditions(for_brand, for_creator))
        )
    waiting = union(*selects).subquery()
    return select(waiting.c.id).order_by(waiting.c.id).limit(bindparam("limit"))
