"""Books commissions for attributed sales."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from config.among import among
from config.insert import insert_new
from payouts.commissions.attributed import AttributedSale, attributed_sales, evidence_of
from payouts.commissions.dates import PayDates, release_date
from payouts.commissions.due.work import ACCRUAL, brands_with_work, finish_work, waiting_work
from payouts.commissions.entries import Change, CommissionRef, DatedStep, PlannedChange, record_all
from payouts.commissions.holds.new_holds import NewHold, insert_holds
from payouts.commissions.holds.of_suspicion import CreditedCommission, hold_suspicious
from payouts.commissions.models import Commission, PlacedBy
from payouts.commissions.reasons import CommissionReason
from payouts.commissions.replacing import (
    MadeCommission,
    Replaced,
    commissions_of,
    confirm_all,
    decisions_carried_over,
    supersede_all,
)
from payouts.commissions.worth.rules import commission_minor, full_base_minor
from payouts.ledger.operations import lock_books
from payouts.ledger.periods import periods_for
from tracker.ids import new_id
from tracker.people.accounts.brand_rules import BrandRules
from tracker.people.accounts.operations import get_brand
from tracker.people.accounts.rules_versions import load_rules
from tracker.programs.models import Enrollment, Terms
from tracker.programs.terms import OwnRates, load_own_rates
from tracker.reasons import Reason


def accrue_due(session: Session, now: datetime, limit: int, *, brand_id: str = "") -> int:
    """Book the commissions of up to `limit` new attributions of each brand. Returns how many it processed.

    Any number takes the same number of statements. Suspicious commissions are held in the same transaction.
    """
    done = 0
    for each in [brand_id] if brand_id else brands_with_work(session, ACCRUAL):
        lock_books(session, each)
        work = waiting_work(session, ACCRUAL, limit, brand_id=each)
        if work:
            sales = attributed_sales(session, sorted({cause.sale_id for cause in work}))
            hold_suspicious(session, now, each, _accrue(session, now, each, sales))
            finish_work(session, work)
        done += len(work)
    return done


def _accrue(
    session: Session, now: datetime, brand_id: str, sales: Sequence[AttributedSale]
) -> list[CreditedCommission]:
    """Book the commissions of these attributions, or confirm previous ones where the credit is the same.

    Returns those commissions. A previous commission that the attribution credits to somebody else, or to no
    one, is reversed.
    """
    earlier = commissions_of(session, [sale.sale_id for sale in sales])
    due = [sale for sale in sales if _is_due(sale, earlier.get(sale.sale_id, ()))]
    live = {each.sale_id: each for made in earlier.values() for each in made if each.live}
    credited = [sale for sale in due if sale.enrollment_id is not None]
    new = {each["sale_id"]: each for each in new_commissions(session, now, brand_id, credited)}
    confirmed, replaced, booked = [], [], []
    for sale in due:
        previous, columns = live.get(sale.sale_id), new.get(sale.sale_id)
        if previous is not None and columns is not None and _is_same_credit(previous, columns):
            confirmed.append(Replaced(previous, sale))
            continue
        if previous is not None:
            replaced.append(Replaced(previous, sale))
        if columns is not None:
            booked.append((sale, columns))
    confirm_all(session, now, brand_id, confirmed)
    supersede_all(session, now, brand_id, replaced)
    accrued = book_commissions(session, now, brand_id, booked)
    same = [CreditedCommission(each.sale, each.previous.id, each.previous.creator_id) for each in confirmed]
    return [*same, *accrued]


def _is_due(sale: AttributedSale, earlier: Sequence[MadeCommission]) -> bool:
    """Whether the attribution has to be entered, by the commissions that its sale has so far.

    Until the first release, newer evidence replaces a commission; after it, a person decides. A sale that is
    credited to no one is due only when that takes a commission away.
    """
    if sale.test or any(each.revision >= sale.revision for each in earlier):
        return False
    live = next((each for each in earlier if each.live), None)
    if live is None:
        return sale.enrollment_id is not None
    return live.first_released_at is None


_CREDIT_FIELDS = ("creator_id", "base", "base_minor", "rate_bp", "release_at")


def _is_same_credit(previous: MadeCommission, columns: dict[str, Any]) -> bool:
    return all(getattr(previous, name) == columns[name] for name in _CREDIT_FIELDS)


def book_commissions(
    session: Session,
    now: datetime,
    brand_id: str,
    booked: Sequence[tuple[AttributedSale, dict[str, Any]]],
    effective_at: datetime | None = None,
) -> list[CreditedCommission]:
    """Insert the commissions of attributions, with their columns, and post what they earn.

    They take effect at the times of their sales, or at `effective_at` when a person moved the credit. Returns
    those that no other worker has made.
    """
    inserted = insert_new(session, Commission, [columns for _, columns in booked])
    own = [(sale, columns) for sale, columns in booked if columns["id"] in inserted]
    times = {effective_at or sale.occurred_at for sale, _ in own}
    periods = periods_for(session, now, get_brand(session, brand_id), times)
    planned = []
    for sale, columns in own:
        at, amount_minor = effective_at or sale.occurred_at, columns["amount_minor"]
        inputs = {"sale": sale.sale_id, "attribution": sale.attribution_id, "rate_bp": columns["rate_bp"]}
        reason = Reason(CommissionReason.CREDITED, evidence_of(sale.attribution_id, sale))
        change = Change("accrue", sale.attribution_id, reason, at, inputs)
        commission = CommissionRef(columns["id"], columns["creator_id"], columns["currency"])
        steps = [DatedStep(periods[at], "accrue", amount_minor)] if amount_minor else []
        planned.append(PlannedChange(commission, change, 1, 0, amount_minor, steps))
    record_all(session, now, brand_id, planned)
    insert_holds(
        session, now, brand_id, [*_without_cost(own), *decisions_carried_over(session, [c for _, c in own])]
    )
    return [CreditedCommission(sale, columns["id"], columns["creator_id"]) for sale, columns in own]


def _without_cost(booked: Sequence[tuple[AttributedSale, dict[str, Any]]]) -> list[NewHold]:
    """Profit without a known cost is held, not estimated."""
    reason = Reason(CommissionReason.COST_MISSING)
    return [
        NewHold(columns["id"], columns["release_at"], PlacedBy.RULE, sale.sale_id, reason)
        for sale, columns in booked
        if columns["base"] == "profit" and sale.amounts.cost is None
    ]


def new_commissions(
    session: Session,
    now: datetime,
    brand_id: str,
    sales: Sequence[AttributedSale],
    reported_at: datetime | None = None,
) -> list[dict[str, Any]]:
    """The columns of the commissions that attributions give their sales; each credits an enrollment.

    `reported_at`: instead of the times at which the sales were reported.
    """
    if not sales:
        return []
    conditions = _load_conditions(session, brand_id, sales)
    return [
        {
            "id": new_id("com", now),
            "sale_id": sale.sale_id,
            "attribution_id": sale.attribution_id,
            "revision": sale.revision,
            "live": True,
            "brand_id": brand_id,
            **_earned(sale, conditions, reported_at or sale.reported_at),
            "matured_at": None,
            "first_released_at": None,
            "created_at": now,
        }
        for sale in sales
    ]


class _Conditions(NamedTuple):
    """What decides about the commissions of a batch: terms and creators by id of terms and of enrollment."""

    rules: BrandRules
    pay_dates: PayDates
    terms: Mapping[str, Terms]
    creators: Mapping[str, str]
    own_rates: OwnRates


def _earned(sale: AttributedSale, conditions: _Conditions, reported_at: datetime) -> dict[str, Any]:
    """Who earns how much of the sale, and from when it is payable: columns of its commission."""
    assert sale.enrollment_id is not None, "it credits no one"
    assert sale.terms_id is not None, "a credit names its terms"
    terms = conditions.terms[sale.terms_id]
    rate = conditions.own_rates.rate_at(
        terms.rate_bp, enrollment_id=sale.enrollment_id, link_id=sale.link_id, at=sale.occurred_at
    )
    base_minor = full_base_minor(sale.amounts, terms.base)  # type: ignore[arg-type]
    release_at = release_date(conditions.rules, sale.occurred_at, terms.hold_days, reported_at=reported_at)
    return {
        "creator_id": conditions.creators[sale.enrollment_id],
        "currency": sale.currency,
        "base": terms.base,
        "base_minor": base_minor,
        "rate_bp": rate.rate_bp,
        "rate_from": rate.source,
        "amount_minor": commission_minor(base_minor, rate.rate_bp),
        "release_at": release_at,
        "expected_pay_on": conditions.pay_dates.of(release_at),
    }


def _load_conditions(session: Session, brand_id: str, sales: Sequence[AttributedSale]) -> _Conditions:
    enrollment_ids = sorted({sale.enrollment_id for sale in sales if sale.enrollment_id is not None})
    terms_ids = sorted({sale.terms_id for sale in sales if sale.terms_id is not None})
    link_ids = {sale.link_id for sale in sales if sale.link_id is not None}
    terms = session.scalars(_terms_query(), {"ids": terms_ids})
    rules = load_rules(session, brand_id)
    return _Conditions(
        rules,
        PayDates(rules),
        {each.id: each for each in terms},
        dict(session.execute(_creators_query(), {"ids": enrollment_ids}).all()),
        load_own_rates(session, enrollment_ids=enrollment_ids, link_ids=link_ids),
    )


@cache
def _terms_query() -> Select[Terms]:
    """Parameter: `ids`."""
    return select(Terms).where(among(Terms.id, "ids"))


@cache
def _creators_query() -> Select[str, str]:
    """By enrollment: its creator. Parameter: `ids`."""
    return select(Enrollment.id, Enrollment.creator_id).where(among(Enrollment.id, "ids"))
