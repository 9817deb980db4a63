"""Why a creator does not get more yet: what is held, until when, and what was taken back."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from payouts.commissions.models import Commission, Entry, Hold
from payouts.commissions.worth.amounts import amount_left
from payouts.ledger.calendar import pay_date_of
from tracker.money import Money
from tracker.people.accounts.rules_versions import load_rules
from tracker.sales.orders.models import Sale


@dataclass(frozen=True)
class HeldMonth:
    """Commissions that are released in one month, YYYY-MM; "" for those with a hold, whose time is open."""

    month: str
    amount: Money
    lines: int
    pay_date: str


@dataclass(frozen=True)
class TakenBack:
    """A change of a commission that lowered it; `reason_code` is None in rows that are older than codes."""

    order_id: str
    amount: Money
    reason_code: str | None
    at: datetime


class Owner(NamedTuple):
    """Whose commissions, at which brand, in which currency."""

    creator_id: str
    brand_id: str
    currency: str


def held_by_month(session: Session, owner: Owner) -> list[HeldMonth]:
    """What is not released yet, by the month of its release in the brand's zone, the earliest first."""
    rules = load_rules(session, owner.brand_id)
    on_hold = select(Hold.id).where(Hold.commission_id == Commission.id, Hold.lifted_at.is_(None)).exists()
    rows = session.execute(
        select(Commission.release_at, amount_left(), on_hold).where(
            *_own(owner), Commission.live, Commission.matured_at.is_(None)
        )
    )
    sums: dict[str, list[int]] = defaultdict(list)
    days: dict[str, str] = {}
    for release_at, left, is_on_hold in rows:
        if not left:
            continue
        zone = ZoneInfo(rules.calendar_at(release_at).timezone)
        month = "" if is_on_hold else f"{release_at.astimezone(zone):%Y-%m}"
        sums[month].append(left)
        if month:
            days[month] = max(days.get(month, ""), pay_date_of(rules, release_at))
    return [
        HeldMonth(month, Money(sum(lefts), owner.currency), len(lefts), days.get(month, ""))
        for month, lefts in sorted(sums.items(), key=lambda each: each[0] or "~")
    ]


def taken_back_since(session: Session, owner: Owner, since: datetime, limit: int = 5) -> Sequence[TakenBack]:
    """The latest changes that lowered a commission, each with its reason; the newest first."""
    lowered = Entry.amount_after_minor < Entry.amount_before_minor
    rows = session.execute(
        select(Entry, Sale.order_id)
        .join(Commission, Commission.id == Entry.commission_id)
        .join(Sale, Sale.id == Commission.sale_id)
        .where(*_own(owner), lowered, Entry.effective_at >= since)
        .order_by(Entry.effective_at.desc(), Entry.id.desc())
        .limit(limit)
    )
    return [
        TakenBack(
            order_id,
            Money(entry.amount_before_minor - entry.amount_after_minor, owner.currency),
            entry.reason_code,
            entry.effective_at,
        )
        for entry, order_id in rows
    ]


def _own(owner: Owner) -> tuple[ColumnElement[bool], ...]:
    return (
        Commission.creator_id == owner.creator_id,
        Commission.brand_id == owner.brand_id,
        Commission.currency == owner.currency,
    )
