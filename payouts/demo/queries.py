"""Queries for the demo's pages: creators, statements and payouts. They only read."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.database import Databases, read_session
from payouts.commissions.entries import entry_words
from payouts.commissions.models import Commission, Entry
from payouts.commissions.pay_dates import pay_date_moves, pay_dates_json
from payouts.demo import creators as cast
from payouts.demo.creators import CREATORS, CREATORS_BY_CODE, DemoCreator
from payouts.jobs.claims import latest_as_of
from payouts.ledger.balances import CreatorBalance, creator_balances
from payouts.ledger.models import Period, Posting
from payouts.settlement.models import Item, Payout
from payouts.statements.models import Statement
from payouts.transfers.serializers import payout_reason_text
from tracker.clicks.counting.statistics import link_statistics
from tracker.clicks.counting.visits import COLUMN_BY_DOUBT
from tracker.errors import NotFound
from tracker.ids import uuid_of
from tracker.people.accounts.models import Brand, Creator
from tracker.people.accounts.rules_versions import load_rules
from tracker.programs.models import Enrollment, Link
from tracker.sales.orders.models import Sale
from tracker.sales.sources.models import Source


@dataclass(frozen=True)
class CreatorStatistics:
    """One creator with statistics and balance.

    `clicks`: visits of persons, without repeats. `machines`: clicks that are neither visits nor repeats.
    """

    creator: Creator
    link: Link
    person: DemoCreator
    clicks: int
    machines: int
    orders: int
    balance: CreatorBalance


@dataclass(frozen=True)
class CommissionRow:
    """`now_minor` is the amount after refunds; `payout` is the payout that contains the commission.

    `pay_dates` is JSON: the day expected at the accrual, the present one, and the moves with their reasons.
    """

    commission: Commission
    sale: Sale
    now_minor: int
    pay_dates: Mapping[str, Any]
    payout: Payout | None


def demo_brand(session: Session) -> Brand:
    """Raises NotFound when this database contains no demo."""
    brand = session.scalar(select(Brand).where(Brand.name == cast.BRAND).order_by(Brand.id).limit(1))
    if brand is None:
        raise NotFound("There is no demo in this database. Start one with: linkledger demo")
    return brand


def demo_source(session: Session, brand: Brand) -> Source:
    """The shop's hook."""
    own = (Source.brand_id == brand.id, Source.kind == "standard", Source.deleted_at.is_(None))
    return session.scalars(select(Source).where(*own).order_by(Source.id).limit(1)).one()


def demo_time(session: Session, now: datetime) -> datetime:
    """The time as of which the demo's jobs have run, when that is ahead of `now`."""
    return max(now, latest_as_of(session) or now)


def click_counts(databases: Databases) -> dict[UUID, Counter[str]]:
    """Counters of clicks by link of the demo; see link_statistics."""
    with read_session(databases.main) as session:
        own = session.scalars(select(Link.id).where(Link.code_key.in_(CREATORS_BY_CODE))).all()
    with read_session(databases.clicks) as session:
        return link_statistics(session, [uuid_of(each, "lnk") for each in own])


def creator_statistics(
    session: Session, brand: Brand, counts: dict[UUID, Counter[str]]
) -> list[CreatorStatistics]:
    """Every creator of the demo, in the order of CREATORS."""
    rows = session.execute(
        select(Creator, Link)
        .join(Enrollment, Enrollment.creator_id == Creator.id)
        .join(Link, Link.enrollment_id == Enrollment.id)
        .where(Link.code_key.in_(CREATORS_BY_CODE))
    ).all()
    orders = _orders_by_creator(session, brand)
    balances = creator_balances(session, brand.id, brand.currency)
    found = []
    for creator, link in rows:
        counted = counts.get(uuid_of(link.id, "lnk"), Counter())
        repeats = sum(counted[name] for name in COLUMN_BY_DOUBT.values())
        found.append(
            CreatorStatistics(
                creator,
                link,
                CREATORS_BY_CODE[link.code_key],
                counted["persons"],
                counted.total() - counted["persons"] - repeats,
                orders[creator.id],
                balances.get(creator.id, CreatorBalance()),
            )
        )
    return sorted(found, key=lambda each: CREATORS.index(each.person))


def commission_rows(session: Session, brand: Brand, creator_id: str) -> list[CommissionRow]:
    """A creator's live commissions, the newest sale first."""
    own = (Commission.brand_id == brand.id, Commission.creator_id == creator_id, Commission.live)
    amounts = dict(
        session.execute(
            select(Entry.commission_id, Entry.amount_after_minor)
            .join(Commission, Commission.id == Entry.commission_id)
            .where(*own)
            .order_by(Entry.commission_id, Entry.line)
        ).all()
    )
    payouts = _payouts_by_commission(session, brand, creator_id)
    rules = load_rules(session, brand.id)
    rows = session.execute(
        select(Commission, Sale)
        .join(Sale, Sale.id == Commission.sale_id)
        .where(*own)
        .order_by(Sale.occurred_at.desc())
    ).all()
    moves = pay_date_moves(session, [commission.id for commission, _sale in rows])
    return [
        CommissionRow(
            commission,
            sale,
            amounts[commission.id],
            pay_dates_json(rules, commission, moves.get(commission.id, ())),
            payouts.get(commission.id),
        )
        for commission, sale in rows
    ]


def upcoming_payments(
    rows: list[CommissionRow], at: datetime, payday: datetime
) -> list[tuple[str, int, int]]:
    """Commissions that are in no payout yet, by their pay date: (day, number of commissions, minor units)."""
    days: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row.payout is None and row.now_minor:
            days[next_pay_date(row.pay_dates["pay_date_now"], at, payday)].append(row.now_minor)
    return [(day, len(amounts), sum(amounts)) for day, amounts in sorted(days.items())]


def next_pay_date(pay_date: str, at: datetime, payday: datetime) -> str:
    """The day on which an amount is paid: its pay date, or the next payday when that is in the past."""
    zone = ZoneInfo(cast.TIMEZONE)
    if pay_date > at.astimezone(zone).date().isoformat():
        return pay_date
    return payday.astimezone(zone).date().isoformat()


def statements(session: Session, brand: Brand) -> list[tuple[Statement, Period]]:
    """The newest period first."""
    rows = session.execute(
        select(Statement, Period)
        .join(Period, Period.id == Statement.period_id)
        .where(Statement.brand_id == brand.id, Statement.currency == brand.currency)
        .order_by(Period.starts_at.desc())
    )
    return list(rows)


def payouts(session: Session, brand: Brand) -> list[dict[str, Any]]:
    """Every payout, the newest first, with its creator, the period that authorised it, and its items."""
    rows = session.execute(
        select(Payout, Creator, Period.name)
        .join(Creator, Creator.id == Payout.creator_id)
        .join(Statement, Statement.id == Payout.statement_id)
        .join(Period, Period.id == Statement.period_id)
        .where(Payout.brand_id == brand.id)
        .order_by(Payout.prepared_at.desc(), Payout.id.desc())
    )
    return [
        {
            "payout": payout,
            "reason": payout_reason_text(payout),
            "creator": creator,
            "period": period,
            "items": _items(session, payout),
        }
        for payout, creator, period in rows
    ]


def _items(session: Session, payout: Payout) -> list[dict[str, Any]]:
    """Every entry that the payout settles, with the order that it comes from."""
    rows = session.execute(
        select(Item.amount_minor, Sale.order_id, Entry)
        .join(Posting, Posting.id == Item.posting_id)
        .join(Entry, Entry.transaction_id == Posting.transaction_id)
        .join(Commission, Commission.id == Entry.commission_id)
        .join(Sale, Sale.id == Commission.sale_id)
        .where(Item.payout_id == payout.id, Item.round == payout.round)
        .order_by(Entry.effective_at, Item.id)
    )
    return [
        {
            "amount_minor": amount_minor,
            "order_id": order_id,
            "kind": entry.kind,
            "reason": entry_words(entry),
            "effective_at": entry.effective_at,
        }
        for amount_minor, order_id, entry in rows
    ]


def _orders_by_creator(session: Session, brand: Brand) -> Counter[str]:
    rows = session.execute(
        select(Commission.creator_id, func.count())
        .where(Commission.brand_id == brand.id, Commission.live)
        .group_by(Commission.creator_id)
    )
    return Counter(dict(rows.all()))


def _payouts_by_commission(session: Session, brand: Brand, creator_id: str) -> dict[str, Payout]:
    rows = session.execute(
        select(Entry.commission_id, Payout)
        .join(Posting, Posting.transaction_id == Entry.transaction_id)
        .join(Item, Item.posting_id == Posting.id)
        .join(Payout, Payout.id == Item.payout_id)
        .where(Item.live, Payout.brand_id == brand.id, Payout.creator_id == creator_id)
    )
    return dict(rows.all())
