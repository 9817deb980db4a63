"""What waits for somebody at a brand, in the order of its urgency."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payouts.commissions.models import Commission, Hold
from payouts.commissions.worth.amounts import amount_left
from payouts.ledger.models import Period
from payouts.settlement.freezes import is_frozen
from payouts.statements.models import Statement
from payouts.statements.rows.models import StatementTotal
from tracker.money import Money
from tracker.people.accounts.models import Brand
from tracker.sales.health.statistics import silence_of
from tracker.sales.inbox.models import UNAPPLIED, Event
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.sources.models import Source


class TaskKind(StrEnum):
    FROZEN = "frozen"
    SILENT = "silent"
    STATEMENT = "statement"
    HELD = "held"
    PARKED = "parked"


@dataclass(frozen=True)
class Task:
    """`money` and `count` are what it is about. `until`: when it is decided without anybody.

    `subject` is the name of a period, or the id of a source; `title` is the name of the shop's kind.
    """

    kind: TaskKind
    brand_id: str
    timezone: str
    money: Money | None = None
    count: int = 0
    until: datetime | None = None
    subject: str = ""
    title: str = ""
    since: datetime | None = None
    pay_from: datetime | None = None


def brand_tasks(session: Session, now: datetime, brand: Brand) -> list[Task]:
    """What waits at the brand now."""
    return [
        *_frozen(session, brand),
        *_silent(session, now, brand),
        *_statements(session, brand),
        *_held(session, brand),
        *_parked(session, brand),
    ]


def _frozen(session: Session, brand: Brand) -> Iterator[Task]:
    if is_frozen(session):
        yield Task(TaskKind.FROZEN, brand.id, brand.timezone)


def _silent(session: Session, now: datetime, brand: Brand) -> Iterator[Task]:
    sources = select(Source).where(Source.brand_id == brand.id, Source.deleted_at.is_(None))
    for source in session.scalars(sources.order_by(Source.id)):
        found = silence_of(session, now, source)
        if found is not None and found.is_alarm:
            title = kind_of(source.kind).title
            yield Task(
                TaskKind.SILENT,
                brand.id,
                brand.timezone,
                subject=source.id,
                title=title,
                since=now - found.silent,
            )


def _statements(session: Session, brand: Brand) -> Iterator[Task]:
    """Drafts, the oldest period first; a draft whose rows are still being written has no amount yet."""
    rows = session.execute(
        select(Statement, Period, StatementTotal)
        .join(Period, Period.id == Statement.period_id)
        .join(StatementTotal, StatementTotal.statement_id == Statement.id, isouter=True)
        .where(Statement.brand_id == brand.id, Statement.state == "draft")
        .order_by(Period.starts_at, Statement.currency)
    )
    for statement, period, found in rows:
        total: StatementTotal | None = found  # an outer join
        yield Task(
            TaskKind.STATEMENT,
            brand.id,
            period.timezone or brand.timezone,
            money=None if total is None else Money(total.split_payable_minor, statement.currency),
            count=0 if total is None else total.creator_count,
            until=statement.review_ends_at,
            subject=period.name,
            pay_from=statement.pay_from,
        )


def _held(session: Session, brand: Brand) -> Iterator[Task]:
    """Commissions with a review hold that somebody can decide about, by currency."""
    held = (
        select(
            Commission.id,
            Commission.currency,
            amount_left().label("left"),
            func.min(Hold.ends_at).label("ends"),
        )
        .join(Hold, Hold.commission_id == Commission.id)
        .where(Commission.brand_id == brand.id, Hold.lifted_at.is_(None), Hold.kind == "review")
        .group_by(Commission.id, Commission.currency)
        .subquery()
    )
    sums = select(held.c.currency, func.count(), func.sum(held.c.left), func.min(held.c.ends))
    rows = session.execute(sums.group_by(held.c.currency).order_by(held.c.currency))
    for currency, count, left, ends in rows:
        money = Money(int(left), currency)
        yield Task(TaskKind.HELD, brand.id, brand.timezone, money=money, count=count, until=ends)


def _parked(session: Session, brand: Brand) -> Iterator[Task]:
    sources = select(Source.id).where(Source.brand_id == brand.id)
    waiting = (Event.source_id.in_(sources), Event.state.in_(UNAPPLIED))
    count: int
    count, since = session.execute(select(func.count(), func.min(Event.received_at)).where(*waiting)).one()
    if count:
        yield Task(TaskKind.PARKED, brand.id, brand.timezone, count=count, since=since)
