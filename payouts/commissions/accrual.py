"""Books commissions for attributed sales."""

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from config.insert import insert_once
from payouts.commissions.booking_work import Work, finish_work
from payouts.commissions.entries import (
    Change,
    current_amount_minor,
    entries_of,
    locked_commission,
    reason_of,
    record_change,
)
from payouts.commissions.holds.of_suspicion import CreditedCommission, hold_suspicious
from payouts.commissions.holds.placing import holds_of, place_hold, placer_of
from payouts.commissions.models import Commission, PlacedBy, WorkKind
from payouts.commissions.reasons import COMMISSION_TEXTS, CommissionReason
from payouts.commissions.release import release_date
from payouts.commissions.worth.rules import commission_minor, full_base_minor
from payouts.ledger.operations import lock_books
from tracker.ids import new_id
from tracker.programs.models import Enrollment, Terms
from tracker.programs.terms import rate_at
from tracker.reasons import Reason
from tracker.sales.attribution.models import Attribution
from tracker.sales.attribution.serializers import reason_json
from tracker.sales.orders.amounts import amounts_of
from tracker.sales.orders.models import Sale


def accrue_due(session: Session, now: datetime, limit: int, *, brand_id: str = "") -> int:
    """Book commissions for up to `limit` attributed sales without one. Returns how many sales were processed.

    Suspicious commissions are held in the same transaction.
    """
    due = _without_commission(bool(brand_id))
    waiting = session.execute(due, {"brand_id": brand_id, "limit": limit}).all()
    credited = []
    for sale, attribution in waiting:
        lock_books(session, sale.brand_id)
        booked = _accrue(session, now, sale, attribution)
        if booked is not None:
            credited.append(CreditedCommission(sale, attribution, booked))
    hold_suspicious(session, now, credited)
    finish_work(
        session, [Work(sale.brand_id, WorkKind.ATTRIBUTION, each.id, sale.id) for sale, each in waiting]
    )
    return len(waiting)


@cache
def _without_commission(for_brand: bool) -> Select[Sale, Attribution]:
    """Sales whose latest attribution has no commission yet, each with that attribution.

    Also sales that the latest attribution credits to no one while an earlier commission is live. Sales whose
    live commission was ever released are left out: a person decides. Parameters: `brand_id`, `limit`.
    """
    owner = [Sale.brand_id == bindparam("brand_id")] if for_brand else []
    newer = aliased(Attribution)
    latest = ~exists().where(newer.sale_id == Attribution.sale_id, newer.revision > Attribution.revision)
    processed = exists().where(
        Commission.sale_id == Attribution.sale_id, Commission.revision >= Attribution.revision
    )
    has_live_commission = exists().where(Commission.sale_id == Attribution.sale_id, Commission.live)
    was_released = has_live_commission.where(Commission.first_released_at.is_not(None))
    return (
        select(Sale, Attribution)
        .join(Attribution, Attribution.sale_id == Sale.id)
        .where(or_(Attribution.enrollment_id.is_not(None), has_live_commission))
        .where(latest, ~processed, ~was_released, ~Sale.test, *owner)
        .order_by(Attribution.id)
        .limit(bindparam("limit"))
    )


def _accrue(session: Session, now: datetime, sale: Sale, attribution: Attribution) -> Commission | None:
    """Book the commission for this attribution, or confirm the previous one if the credit is the same.

    Returns that commission. None when another worker was faster, or when the attribution credits no one any
    more: then the previous commission is reversed, unless it was released.
    """
    previous = _previous_commission(session, sale)
    if attribution.enrollment_id is None:
        if previous is not None and _may_move_by_itself(previous, attribution):
            supersede(session, now, previous, attribution)
        return None
    made = new_commission(session, now, sale, attribution)
    if previous is not None:
        if not _may_move_by_itself(previous, attribution):
            return None  # released or processed by another worker since the query
        if all(getattr(previous, name) == made[name] for name in _CREDIT_FIELDS):
            _confirm_credit(session, now, previous, attribution)
            return previous
        supersede(session, now, previous, attribution)
    return book_commission(session, now, sale, attribution, made)


def _may_move_by_itself(previous: Commission, attribution: Attribution) -> bool:
    """Until the first release, newer evidence replaces a commission; after it, a person decides."""
    return previous.first_released_at is None and previous.revision < attribution.revision


def book_commission(
    session: Session,
    now: datetime,
    sale: Sale,
    attribution: Attribution,
    made: dict[str, Any],
    effective_at: datetime | None = None,
) -> Commission | None:
    """Insert the commission of an attribution and post what it earns. None: another worker was faster.

    It takes effect at the time of the sale, or at `effective_at` when a person moved the credit.
    """
    if not insert_once(session, Commission, **made):
        return None
    accrued = locked_commission(session, made["id"])
    inputs = {"sale": sale.id, "attribution": attribution.id, "rate_bp": accrued.rate_bp}
    reason = Reason(CommissionReason.CREDITED, evidence_of(attribution))
    change = Change("accrue", attribution.id, reason, effective_at or sale.occurred_at, inputs)
    record_change(session, now, accrued, change, amount_after_minor=accrued.amount_minor)
    if accrued.base == "profit" and amounts_of(sale).cost is None:
        reason = Reason(CommissionReason.COST_MISSING)
        place_hold(session, now, accrued, placed_by=PlacedBy.RULE, cause_id=sale.id, reason=reason)
    if attribution.revision > 1:
        _carry_over_decisions(session, now, accrued)
    return accrued


_CREDIT_FIELDS = ("creator_id", "base", "base_minor", "rate_bp", "release_at")


def new_commission(session: Session, now: datetime, sale: Sale, attribution: Attribution) -> dict[str, Any]:
    """The columns of the commission that an attribution gives a sale."""
    terms = session.get_one(Terms, attribution.terms_id)
    enrollment = session.get_one(Enrollment, attribution.enrollment_id)
    rate = rate_at(
        session, terms, enrollment_id=enrollment.id, link_id=attribution.link_id, at=sale.occurred_at
    )
    base_minor = full_base_minor(amounts_of(sale), terms.base)  # type: ignore[arg-type]
    return {
        "id": new_id("com", now),
        "sale_id": sale.id,
        "attribution_id": attribution.id,
        "revision": attribution.revision,
        "live": True,
        "brand_id": sale.brand_id,
        "creator_id": enrollment.creator_id,
        "currency": sale.currency,
        "base": terms.base,
        "base_minor": base_minor,
        "rate_bp": rate.rate_bp,
        "rate_from": rate.source,
        "amount_minor": commission_minor(base_minor, rate.rate_bp),
        "release_at": release_date(session, sale, terms, reported_at=sale.created_at),
        "matured_at": None,
        "first_released_at": None,
        "created_at": now,
    }


def _previous_commission(session: Session, sale: Sale) -> Commission | None:
    """The sale's live commission, under the brand's lock."""
    identifier = session.scalar(select(Commission.id).where(Commission.sale_id == sale.id, Commission.live))
    return locked_commission(session, identifier) if identifier else None


def _confirm_credit(session: Session, now: datetime, previous: Commission, attribution: Attribution) -> None:
    """New evidence for the same credit: the commission belongs to the new revision, and no money moves."""
    change = Change("confirmed", attribution.id, _new_evidence(attribution), previous.created_at)
    amount = current_amount_minor(entries_of(session, previous.id))
    record_change(session, now, previous, change, amount_after_minor=amount)
    previous.revision, previous.attribution_id = attribution.revision, attribution.id
    session.flush()


def _new_evidence(attribution: Attribution) -> Reason:
    return Reason(CommissionReason.NEW_EVIDENCE, evidence_of(attribution))


def evidence_of(attribution: Attribution) -> dict[str, Any]:
    """The parameters of a reason that contains the reason of an attribution."""
    return {"attribution": attribution.id, "evidence": reason_json(attribution)}


def _carry_over_decisions(session: Session, now: datetime, accrued: Commission) -> None:
    """Hold the new commission when a person declined or held the previous one, until a person releases it.

    The previous one is not always of the revision before: an attribution in between may credit no one.
    """
    previous = session.scalar(
        select(Commission)
        .where(Commission.sale_id == accrued.sale_id, Commission.revision < accrued.revision)
        .order_by(Commission.revision.desc())
        .limit(1)
    )
    if previous is None:
        return
    entries = entries_of(session, previous.id)
    undone = {entry.cause_id for entry in entries if entry.kind == "decline_undone"}
    for entry in entries:
        if entry.kind == "decline" and entry.cause_id not in undone:
            decision = COMMISSION_TEXTS.columns(reason_of(entry))
            reason = Reason(CommissionReason.DECLINED_BEFORE, {"decision": decision})
            by = PlacedBy.CARRIED_OVER
            place_hold(session, now, accrued, placed_by=by, cause_id=previous.id, reason=reason)
    for placed in holds_of(session, previous.id):
        if placed.kind != "review" or placed.signal is not None:
            continue  # dispute holds come from the dispute, and the suspicion rules run again
        by, cause_id = placer_of(session, placed), placed.cause_id
        if by is PlacedBy.PERSON:
            # `review:N` counts holds of one commission: the copy takes the hold's id, so that N stays free.
            by, cause_id = PlacedBy.CARRIED_OVER, placed.id
        copied: dict[str, Any] = {"placed_by": by, "cause_id": cause_id, "ends_at": placed.ends_at}
        place_hold(session, now, accrued, **copied, reason=reason_of(placed))


def supersede(
    session: Session,
    now: datetime,
    previous: Commission,
    attribution: Attribution,
    effective_at: datetime | None = None,
    reason: Reason | None = None,
) -> None:
    """Reverse the commission of an earlier revision. Its row stays, with the reason.

    By itself this happens before the first release, with effect from the time of the sale. A person who moves
    the credit later gives `effective_at` and `reason`.
    """
    sold_at = effective_at or session.get_one(Sale, previous.sale_id).occurred_at
    inputs = {"attribution": attribution.id}
    because = reason or _new_evidence(attribution)
    change = Change("superseded", attribution.id, because, sold_at, inputs)
    record_change(session, now, previous, change, amount_after_minor=0)
    session.execute(
        update(Commission).where(Commission.id == previous.id, Commission.live).values(live=False)
    )
