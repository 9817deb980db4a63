"""A creator's next payday at a brand: when, how much, and what is in its way."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from payouts.commissions.models import Commission, Hold
from payouts.commissions.worth.amounts import amount_left
from payouts.ledger.calendar import payday_of, span_at
from payouts.ledger.models import Period
from payouts.portal.home import BalanceAtBrand
from payouts.settlement.models import Payout
from payouts.statements.minimum import minimum_of_statement
from payouts.statements.models import Statement
from payouts.transfers.payees import payee_of
from payouts.transfers.planning.minimum import amount_block_reason
from payouts.transfers.planning.selection import select_entries
from tracker.money import Money
from tracker.people.accounts.models import Brand
from tracker.people.accounts.rules_versions import load_rules, minimum_of


class Certainty(StrEnum):
    """How far the amount of a payday is certain."""

    SEALED = "sealed"
    """Its statement is sealed or approved: the amount stands, apart from what comes back until then."""
    REVIEW = "review"
    """The brand reviews the statement."""
    SO_FAR = "so_far"
    """The period is still open: what is released until it ends is added."""


@dataclass(frozen=True)
class NextPayday:
    """`is_paid` is whether the amount reaches the minimum, or the minimum is waived.

    `review_ends_at`: when the brand's review ends, while it lasts.
    """

    at: datetime
    timezone: str
    amount: Money
    certainty: Certainty
    minimum: Money
    is_paid: bool
    is_set_up: bool
    period: str
    period_ends_at: datetime
    review_ends_at: datetime | None = None


def next_payday(session: Session, now: datetime, creator_id: str, balance: BalanceAtBrand) -> NextPayday:
    """The first payday at the brand that is still to come for this creator."""
    brand = session.get_one(Brand, balance.brand_id)
    payee = payee_of(session, brand.id, creator_id)
    is_set_up = payee is not None and payee.ready
    found = _first_unpaid(session, brand.id, creator_id, balance.available.currency)
    if found is None:
        return _open_period(session, now, brand, creator_id, balance, is_set_up)
    statement, period = found
    selection = select_entries(session, now, brand.id, creator_id, statement.currency, period)
    in_review = statement.state == "draft"
    return NextPayday(
        at=max(statement.pay_from, now),
        timezone=period.timezone or brand.timezone,
        amount=Money(max(selection.total_minor, 0), statement.currency),
        certainty=Certainty.REVIEW if in_review else Certainty.SEALED,
        minimum=Money(minimum_of_statement(statement, brand), statement.currency),
        is_paid=amount_block_reason(session, now, statement, creator_id, selection) is None,
        is_set_up=is_set_up,
        period=period.name,
        period_ends_at=period.ends_at,
        review_ends_at=statement.review_ends_at if in_review else None,
    )


def _first_unpaid(
    session: Session, brand_id: str, creator_id: str, currency: str
) -> tuple[Statement, Period] | None:
    """The newest statement without a payout to the creator: it also pays what earlier ones left.

    A draft is preferred to an older statement that paid nothing; a sealed one whose payouts were made counts
    only until the next period is drafted.
    """
    made = exists().where(
        Payout.statement_id == Statement.id, Payout.creator_id == creator_id, Payout.state != "failed"
    )
    newest = (
        select(Statement, Period, made)
        .join(Period, Period.id == Statement.period_id)
        .where(Statement.brand_id == brand_id, Statement.currency == currency)
        .order_by(Period.starts_at.desc())
        .limit(1)
    )
    row = session.execute(newest).one_or_none()
    if row is None or row[2]:
        return None
    return row[0], row[1]


def _open_period(
    session: Session, now: datetime, brand: Brand, creator_id: str, balance: BalanceAtBrand, is_set_up: bool
) -> NextPayday:
    rules = load_rules(session, brand.id)
    span = span_at(rules, now)
    currency = balance.available.currency
    soon = _released_until(session, span.ends_at, brand.id, creator_id, currency)
    amount = Money(balance.available.minor + soon, currency)
    minimum = Money(minimum_of(session, brand, currency, now), currency)
    return NextPayday(
        at=payday_of(rules, now),
        timezone=rules.calendar_at(now).timezone,
        amount=max(amount, Money(0, currency)),
        certainty=Certainty.SO_FAR,
        minimum=minimum,
        is_paid=amount.minor > 0 and amount >= minimum,
        is_set_up=is_set_up,
        period=span.name,
        period_ends_at=span.ends_at,
    )


def _released_until(session: Session, until: datetime, brand_id: str, creator_id: str, currency: str) -> int:
    """What is released before that time when nothing else happens: no open hold is in its way."""
    held = exists().where(Hold.commission_id == Commission.id, Hold.lifted_at.is_(None))
    lefts = select(amount_left().label("left")).where(
        Commission.brand_id == brand_id,
        Commission.creator_id == creator_id,
        Commission.currency == currency,
        Commission.live,
        Commission.matured_at.is_(None),
        Commission.release_at < until,
        ~held,
    )
    total = session.scalar(select(func.sum(lefts.subquery().c.left)))
    return int(total or 0)
