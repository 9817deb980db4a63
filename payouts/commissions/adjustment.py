"""Enters refunds, cancellations and disputes in commissions: each once, as a difference."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, exists, select, union
from sqlalchemy.orm import Session

from payouts.commissions.entries import (
    Change,
    current_amount_minor,
    entries_of,
    locked_commission,
    owner_conditions,
    record_change,
)
from payouts.commissions.holds.of_events import hold_for_events, lift_for_events
from payouts.commissions.holds.placing import lift_hold, place_hold, reapply_holds
from payouts.commissions.models import Commission, Entry, PlacedBy
from payouts.commissions.reasons import CommissionReason
from payouts.commissions.take_back import take_back_end_of
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
    waiting = [cause for cause in causes if cause.id not in entered]
    if not waiting:
        return 0
    until = take_back_end_of(session, commission, sale)
    facts = entered_facts(sale, causes, entries, until)
    for cause in waiting:
        facts = cause.applied_to(facts, until)
        reason = cause.reason(commission.currency, until)
        _enter(session, now, commission, cause, reason, facts, sale.occurred_at)
    return len(waiting)


def adjust_to_facts(session: Session, now: datetime, commission: Commission, cause_id: str) -> None:
    """Change the amount to what the facts give: they may have changed while the commission was declined."""
    sale = session.get_one(Sale, commission.sale_id)
    entries, causes = entries_of(session, commission.id), causes_of(session, sale.id)
    facts = entered_facts(sale, causes, entries, take_back_end_of(session, commission, sale))
    worth = worth_minor(facts, commission.base, commission.rate_bp)  # type: ignore[arg-type]
    if worth != current_amount_minor(entries):
        change = Change("recomputed", cause_id, Reason(CommissionReason.AFTER_DECLINE_UNDONE), now)
        record_change(session, now, commission, change, amount_after_minor=worth)


def entered_facts(
    sale: Sale, causes: list[Cause], entries: list[Entry], take_back_until: datetime | None
) -> Facts:
    """The facts that the given entries take into account; `take_back_until` as in `Cause.comes_late`."""
    entered = {entry.cause_id for entry in entries}
    facts = Facts(amounts_of(sale), declined=is_declined(entries))
    for cause in causes:
        if cause.id in entered:
            facts = cause.applied_to(facts, take_back_until)
    return facts


def is_declined(entries: Sequence[Entry]) -> bool:
    """Whether a person declined the commission and did not undo it, or another one replaced it."""
    kinds = [entry.kind for entry in entries]
    return "superseded" in kinds or kinds.count("decline") > kinds.count("decline_undone")


def _enter(
    session: Session,
    now: datetime,
    commission: Commission,
    cause: Cause,
    reason: Reason,
    facts: Facts,
    sold_at: datetime,
) -> None:
    effective_at = max(cause.occurred_at, sold_at)
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
