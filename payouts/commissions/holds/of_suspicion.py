"""Holds suspicious commissions in the transaction that books them.

Each query runs once for the whole batch, not once per sale.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from payouts.commissions.entries import current_amount_minor, entries_of, locked_commission
from payouts.commissions.holds.placing import holds_of, is_settled, lift_hold, place_hold
from payouts.commissions.models import Commission, Hold, PlacedBy
from payouts.commissions.reasons import CommissionReason, suspicion_reason
from tracker.people.accounts.models import Creator
from tracker.programs.models import Enrollment, Link, Program
from tracker.reasons import Reason
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.amounts import amounts_of
from tracker.sales.orders.models import Sale
from tracker.sales.suspicion.rules import (
    MAX_TIME_APART,
    CreditedSale,
    Suspicion,
    coupon_without_click,
    duplicate_of,
    late_click,
    many_sales,
    possible_duplicates,
    self_purchase,
)
from tracker.sales.suspicion.settings import SuspicionSettings, suspicion_settings

_EVIDENCE_SIGNALS = ("coupon_without_click", "late_click")


@dataclass(frozen=True)
class CreditedCommission:
    """A sale, its newest attribution, and its commission."""

    sale: Sale
    attribution: Attribution
    commission: Commission


@dataclass
class _Suspicions:
    """Suspicions by commission id, and the sale id and creator id of each commission."""

    suspicions: dict[str, list[Suspicion]] = field(default_factory=lambda: defaultdict(list))
    subjects: dict[str, tuple[str, str]] = field(default_factory=dict)

    def add(self, commission_id: str, sale_id: str, creator_id: str, suspicion: Suspicion) -> None:
        self.suspicions[commission_id].append(suspicion)
        self.subjects[commission_id] = (sale_id, creator_id)


def hold_suspicious(session: Session, now: datetime, credited: Sequence[CreditedCommission]) -> int:
    """Hold suspicious commissions of these sales and of nearby sales. Returns how many holds were placed.

    Call it under the brands' locks. A suspicion that a person lifted does not hold again.
    """
    if not credited:
        return 0
    settings = suspicion_settings(session, {each.sale.brand_id for each in credited})
    found = _Suspicions()
    _check_each_sale(session, credited, settings, found)
    for brand_id, brand_settings in settings.items():
        _check_neighbours(
            session, [each for each in credited if each.sale.brand_id == brand_id], brand_settings, found
        )
    _lift_outdated(session, now, credited, found)
    decided = _held_or_released(session, found)
    return sum(
        _hold(session, now, commission_id, suspicion)
        for commission_id, suspicions in sorted(found.suspicions.items())
        for suspicion in suspicions
        if (commission_id, cause_of(suspicion)) not in decided
    )


def cause_of(suspicion: Suspicion) -> str:
    """The cause id of the hold: the signal and, if it has one, its subject."""
    return ":".join(filter(None, ("suspicion", suspicion.signal, suspicion.about)))


def _check_each_sale(
    session: Session,
    credited: Sequence[CreditedCommission],
    settings: dict[str, SuspicionSettings],
    found: _Suspicions,
) -> None:
    creator_ids = {each.commission.creator_id for each in credited}
    rows = session.execute(select(Creator.id, Creator.email).where(Creator.id.in_(creator_ids)))
    emails = {row.id: row.email for row in rows}
    linked_since = _linked_since(session, credited)
    for each in credited:
        sale, creator_id = each.sale, each.commission.creator_id
        since = linked_since.get((sale.brand_id, creator_id))
        is_linked = since is not None and since <= sale.occurred_at
        for suspicion in _own_suspicions(each, emails[creator_id], is_linked):
            setting = settings[sale.brand_id][suspicion.signal]
            if setting == "hold" or (setting == "if_linked" and is_linked):
                found.add(each.commission.id, sale.id, creator_id, suspicion)


def _own_suspicions(each: CreditedCommission, creator_email: str, is_linked: bool) -> Iterator[Suspicion]:
    sale, attribution = each.sale, each.attribution
    inputs = attribution.inputs
    exact = (sale.customer_email_hash or "").lower() or None
    yield from filter(
        None,
        (
            self_purchase(exact, sale.shopper, creator_email),
            coupon_without_click(
                inputs,  # type: ignore[arg-type]
                each.commission.creator_id,
                attribution.coupon_id,
                links=is_linked,
            ),
            late_click(
                inputs,  # type: ignore[arg-type]
                attribution.click_id,
                sale.occurred_at,
                sale.checkout_started_at,
            ),
        ),
    )


def _linked_since(
    session: Session, credited: Sequence[CreditedCommission]
) -> dict[tuple[str, str], datetime]:
    """When each creator whose code decided got the first link at the brand; by brand id and creator id."""
    by_code = {each.commission.creator_id for each in credited if each.attribution.coupon_id is not None}
    if not by_code:
        return {}
    rows = session.execute(
        select(Program.brand_id, Enrollment.creator_id, func.min(Link.created_at))
        .join(Enrollment, Enrollment.program_id == Program.id)
        .join(Link, Link.enrollment_id == Enrollment.id)
        .where(Enrollment.creator_id.in_(by_code))
        .group_by(Program.brand_id, Enrollment.creator_id)
    )
    return {(brand_id, creator_id): since for brand_id, creator_id, since in rows}


def _check_neighbours(
    session: Session,
    credited: Sequence[CreditedCommission],
    brand_settings: SuspicionSettings,
    found: _Suspicions,
) -> None:
    """Signals that compare several sales, including sales that were booked before."""
    if brand_settings["many_sales"] == brand_settings["possible_duplicate"] == "off":
        return
    neighbours = _nearby_sales(session, credited)
    sales = [each.sale for each in neighbours.values()]
    suspicions: list[tuple[str, Suspicion]] = []
    if brand_settings["many_sales"] != "off":
        suspicions += many_sales(sales, int(brand_settings["many_sales"])).items()
    if brand_settings["possible_duplicate"] != "off":
        for first, second in possible_duplicates(sales):
            if neighbours[second.sale_id].is_paid(session):
                first, second = second, first
            suspicions.append((second.sale_id, duplicate_of(first, second)))
    for sale_id, suspicion in suspicions:
        commission_id, creator_id = neighbours[sale_id].commission_id, neighbours[sale_id].sale.creator_id
        found.add(commission_id, sale_id, creator_id, suspicion)


@dataclass(frozen=True)
class _NearbySale:
    """A sale with its commission."""

    sale: CreditedSale
    commission_id: str
    matured_at: datetime | None

    def is_paid(self, session: Session) -> bool:
        return self.matured_at is not None and is_settled(session, self.commission_id)


def _nearby_sales(session: Session, credited: Sequence[CreditedCommission]) -> dict[str, _NearbySale]:
    """By sale id: the brand's sales of the same shoppers or clicks, the given ones included."""
    shoppers = {each.sale.shopper for each in credited} - {None}
    clicks = {each.attribution.click_id for each in credited} - {None}
    times = [each.sale.occurred_at for each in credited]
    near = (
        Sale.brand_id == credited[0].sale.brand_id,
        Sale.occurred_at.between(min(times) - MAX_TIME_APART, max(times) + MAX_TIME_APART),
    )
    keys = ((Sale.shopper, shoppers), (Attribution.click_id, clicks))
    conditions = [column.in_(values) for column, values in keys if values]
    return {
        row.Sale.id: _NearbySale(
            CreditedSale(
                sale_id=row.Sale.id,
                order_id=row.Sale.order_id,
                namespace=row.Sale.namespace,
                occurred_at=row.Sale.occurred_at,
                currency=row.Sale.currency,
                total_minor=amounts_of(row.Sale).total,
                shopper=row.Sale.shopper,
                creator_id=row.creator_id,
                click_id=row.click_id,
            ),
            row.commission_id,
            row.matured_at,
        )
        for each in conditions  # one query each, because each has its own index
        for row in session.execute(_live_commissions().where(*near, each))
    }


def _live_commissions() -> Select[*tuple[Any, ...]]:
    """The join also compares the sale, because commissions are found by their sale."""
    return (
        select(
            Commission.id.label("commission_id"),
            Commission.creator_id,
            Commission.matured_at,
            Sale,
            Attribution.click_id,
        )
        .join(Sale, Sale.id == Commission.sale_id)
        .join(
            Attribution,
            (Attribution.id == Commission.attribution_id) & (Attribution.sale_id == Commission.sale_id),
        )
        .where(Commission.live)
    )


def _lift_outdated(
    session: Session, now: datetime, credited: Sequence[CreditedCommission], found: _Suspicions
) -> None:
    """Lift holds of suspicions that new evidence has resolved."""
    for each in credited:
        if each.attribution.revision == 1:
            continue
        current_causes = {cause_of(suspicion) for suspicion in found.suspicions.get(each.commission.id, [])}
        for placed in holds_of(session, each.commission.id):
            if placed.signal in _EVIDENCE_SIGNALS and placed.cause_id not in current_causes:
                answered = Reason(CommissionReason.EVIDENCE_CAME)
                lift_hold(session, now, each.commission.id, placed.cause_id, reason=answered)


def _held_or_released(session: Session, found: _Suspicions) -> set[tuple[str, str]]:
    """Commission id and cause id of holds that exist, or were lifted for the same sale and creator."""
    sale_ids = {sale_id for sale_id, _creator_id in found.subjects.values()}
    if not sale_ids:
        return set()
    rows = session.execute(
        select(Hold.commission_id, Hold.cause_id, Hold.lifted_at, Commission.sale_id, Commission.creator_id)
        .join(Commission, Commission.id == Hold.commission_id)
        .where(Commission.sale_id.in_(sale_ids), Hold.signal.is_not(None))
    ).all()
    placed = {(row.commission_id, row.cause_id) for row in rows}
    released = {((row.sale_id, row.creator_id), row.cause_id) for row in rows if row.lifted_at is not None}
    again = {
        (commission_id, cause_id)
        for commission_id, subject in found.subjects.items()
        for owner, cause_id in released
        if owner == subject
    }
    return placed | again


def _hold(session: Session, now: datetime, commission_id: str, suspicion: Suspicion) -> bool:
    """Returns False when the commission is worth nothing, was sent in a payout, or has this hold already."""
    commission = locked_commission(session, commission_id)
    if current_amount_minor(entries_of(session, commission_id)) == 0:
        return False
    if commission.matured_at is not None and is_settled(session, commission_id):
        return False
    return place_hold(
        session,
        now,
        commission,
        placed_by=PlacedBy.RULE,
        cause_id=cause_of(suspicion),
        reason=suspicion_reason(suspicion.reason),
        signal=suspicion.signal,
        evidence=suspicion.evidence,
    )
