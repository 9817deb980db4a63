"""Holds suspicious commissions in the transaction that books them.

Each query runs once for the whole batch, not once per sale.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from config.among import among
from payouts.commissions.attributed import AttributedSale
from payouts.commissions.entries import locked_commission
from payouts.commissions.holds.neighbours import suspicious_neighbours
from payouts.commissions.holds.new_holds import NewHold, insert_holds
from payouts.commissions.holds.placing import lift_hold, move_into_hold
from payouts.commissions.models import Commission, Entry, Hold, PlacedBy
from payouts.commissions.movements import settled_by_commission
from payouts.commissions.reasons import CommissionReason, suspicion_reason
from tracker.people.accounts.models import Creator
from tracker.programs.models import Enrollment, Link, Program
from tracker.reasons import Reason
from tracker.sales.suspicion.rules import (
    Suspicion,
    coupon_without_click,
    late_click,
    self_purchase,
)
from tracker.sales.suspicion.settings import SuspicionSettings, suspicion_settings

_EVIDENCE_SIGNALS = ("coupon_without_click", "late_click")


class CreditedCommission(NamedTuple):
    """A sale with its newest attribution, and its commission."""

    sale: AttributedSale
    commission_id: str
    creator_id: str


@dataclass
class _Suspicions:
    """Suspicions by commission id, and the sale id and creator id of each commission."""

    suspicions: dict[str, list[Suspicion]] = field(default_factory=lambda: defaultdict(list))
    subjects: dict[str, tuple[str, str]] = field(default_factory=dict)

    def add(self, commission_id: str, sale_id: str, creator_id: str, suspicion: Suspicion) -> None:
        self.suspicions[commission_id].append(suspicion)
        self.subjects[commission_id] = (sale_id, creator_id)


def hold_suspicious(
    session: Session, now: datetime, brand_id: str, credited: Sequence[CreditedCommission]
) -> int:
    """Hold suspicious commissions of these sales and of nearby sales. Returns how many holds were placed.

    Call it under the brand's lock. A suspicion that a person lifted does not hold again.
    """
    if not credited:
        return 0
    settings = suspicion_settings(session, [brand_id])[brand_id]
    found = _Suspicions()
    _check_each_sale(session, brand_id, credited, settings, found)
    sales = [each.sale for each in credited]
    for near, suspicion in suspicious_neighbours(session, brand_id, sales, settings):
        found.add(near.commission_id, near.sale.sale_id, near.sale.creator_id, suspicion)
    _lift_outdated(session, now, credited, found)
    if not found.suspicions:
        return 0
    decided = _held_or_released(session, found)
    suspected = [
        (commission_id, suspicion)
        for commission_id, suspicions in sorted(found.suspicions.items())
        for suspicion in suspicions
        if (commission_id, cause_of(suspicion)) not in decided
    ]
    return _hold_all(session, now, brand_id, suspected)


def cause_of(suspicion: Suspicion) -> str:
    """The cause id of the hold: the signal and, if it has one, its subject."""
    return ":".join(filter(None, ("suspicion", suspicion.signal, suspicion.about)))


def _check_each_sale(
    session: Session,
    brand_id: str,
    credited: Sequence[CreditedCommission],
    settings: SuspicionSettings,
    found: _Suspicions,
) -> None:
    creator_ids = sorted({each.creator_id for each in credited})
    emails = dict(session.execute(_emails_query(), {"ids": creator_ids}).all())
    linked_since = _linked_since(session, brand_id, credited)
    for each in credited:
        since = linked_since.get(each.creator_id)
        is_linked = since is not None and since <= each.sale.occurred_at
        for suspicion in _own_suspicions(each, emails[each.creator_id], is_linked):
            setting = settings[suspicion.signal]
            if setting == "hold" or (setting == "if_linked" and is_linked):
                found.add(each.commission_id, each.sale.sale_id, each.creator_id, suspicion)


@cache
def _emails_query() -> Select[str, str]:
    """Parameter: `ids`."""
    return select(Creator.id, Creator.email).where(among(Creator.id, "ids"))


def _own_suspicions(each: CreditedCommission, creator_email: str, is_linked: bool) -> Iterator[Suspicion]:
    sale, inputs = each.sale, each.sale.inputs
    exact = (sale.customer_email_hash or "").lower() or None
    if exact is not None or sale.shopper is not None:
        yield from filter(None, (self_purchase(exact, sale.shopper, creator_email),))
    yield from filter(
        None,
        (
            coupon_without_click(
                inputs,  # type: ignore[arg-type]
                each.creator_id,
                sale.coupon_id,
                links=is_linked,
            ),
            late_click(
                inputs,  # type: ignore[arg-type]
                sale.click_id,
                sale.occurred_at,
                sale.checkout_started_at,
            ),
        ),
    )


def _linked_since(
    session: Session, brand_id: str, credited: Sequence[CreditedCommission]
) -> dict[str, datetime]:
    """By creator whose code decided: when they got their first link at the brand."""
    by_code = sorted({each.creator_id for each in credited if each.sale.coupon_id is not None})
    if not by_code:
        return {}
    parameters = {"brand_id": brand_id, "creator_ids": by_code}
    return dict(session.execute(_first_links_query(), parameters).all())


@cache
def _first_links_query() -> Select[str, datetime]:
    """Parameters: `brand_id`, `creator_ids`."""
    return (
        select(Enrollment.creator_id, func.min(Link.created_at))
        .join(Program, Program.id == Enrollment.program_id)
        .join(Link, Link.enrollment_id == Enrollment.id)
        .where(Program.brand_id == bindparam("brand_id"), among(Enrollment.creator_id, "creator_ids"))
        .group_by(Enrollment.creator_id)
    )


def _lift_outdated(
    session: Session, now: datetime, credited: Sequence[CreditedCommission], found: _Suspicions
) -> None:
    """Lift holds of suspicions that new evidence has resolved."""
    again = [each.commission_id for each in credited if each.sale.revision > 1]
    if not again:
        return
    for commission_id, cause_id in session.execute(_evidence_holds_query(), {"ids": again}).all():
        current_causes = {cause_of(suspicion) for suspicion in found.suspicions.get(commission_id, [])}
        if cause_id not in current_causes:
            answered = Reason(CommissionReason.EVIDENCE_CAME)
            lift_hold(session, now, commission_id, cause_id, reason=answered)


@cache
def _evidence_holds_query() -> Select[str, str]:
    """Commission id and cause id of open holds. Parameter: `ids`."""
    is_open = (Hold.lifted_at.is_(None), Hold.signal.in_(_EVIDENCE_SIGNALS))
    return select(Hold.commission_id, Hold.cause_id).where(among(Hold.commission_id, "ids"), *is_open)


def _held_or_released(session: Session, found: _Suspicions) -> set[tuple[str, str]]:
    """Commission id and cause id of holds that exist, or were lifted for the same sale and creator."""
    sale_ids = sorted({sale_id for sale_id, _creator_id in found.subjects.values()})
    rows = session.execute(_suspicion_holds_query(), {"sale_ids": sale_ids}).all()
    placed = {(row.commission_id, row.cause_id) for row in rows}
    released: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        if row.lifted_at is not None:
            released[row.sale_id, row.creator_id].append(row.cause_id)
    again = {
        (commission_id, cause_id)
        for commission_id, subject in found.subjects.items()
        for cause_id in released.get(subject, ())
    }
    return placed | again


@cache
def _suspicion_holds_query() -> Select[*tuple[Any, ...]]:
    """Parameter: `sale_ids`."""
    return (
        select(Hold.commission_id, Hold.cause_id, Hold.lifted_at, Commission.sale_id, Commission.creator_id)
        .join(Commission, Commission.id == Hold.commission_id)
        .where(among(Commission.sale_id, "sale_ids"), Hold.signal.is_not(None))
    )


def _hold_all(
    session: Session, now: datetime, brand_id: str, suspected: Sequence[tuple[str, Suspicion]]
) -> int:
    """Leaves out commissions that are worth nothing, or were sent in a payout.

    Money of commissions that were released, which are few, is moved one by one.
    """
    ids = sorted({commission_id for commission_id, _ in suspected})
    states = {row.id: row for row in session.execute(_states_query(), {"ids": ids})}
    released = [each for each, state in states.items() if state.first_released_at is not None]
    settled = settled_by_commission(
        session, [each for each in released if states[each].matured_at is not None]
    )
    holdable = {
        each for each, state in states.items() if state.amount_after_minor != 0 and settled.get(each, 0) <= 0
    }
    holds = [
        NewHold(
            commission_id,
            states[commission_id].release_at,
            PlacedBy.RULE,
            cause_of(suspicion),
            suspicion_reason(suspicion.reason),
            signal=suspicion.signal,
            evidence=suspicion.evidence,
        )
        for commission_id, suspicion in suspected
        if commission_id in holdable
    ]
    placed = insert_holds(session, now, brand_id, holds)
    for hold in placed:
        if hold.commission_id in released:
            commission = locked_commission(session, hold.commission_id)
            move_into_hold(session, now, commission, hold.cause_id, hold.reason)
    return len(placed)


@cache
def _states_query() -> Select[*tuple[Any, ...]]:
    """What commissions are worth, and whether they were released. Parameter: `ids`."""
    last = (
        select(Entry.commission_id, func.max(Entry.line).label("line"))
        .where(among(Entry.commission_id, "ids"))
        .group_by(Entry.commission_id)
        .subquery()
    )
    columns = (Commission.id, Commission.release_at, Commission.matured_at, Commission.first_released_at)
    return (
        select(*columns, Entry.amount_after_minor)
        .join(last, last.c.commission_id == Commission.id)
        .join(Entry, (Entry.commission_id == last.c.commission_id) & (Entry.line == last.c.line))
    )
