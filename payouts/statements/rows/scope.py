"""What the rows of one statement are made for: its brand, currency and period, and what came before it."""

from collections.abc import Set
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.commissions.dates import PayDates
from payouts.ledger.models import Period
from payouts.statements.models import Statement
from tracker.people.accounts.rules_versions import load_rules
from tracker.times import format_utc


@dataclass(frozen=True)
class Scope:
    """A statement whose rows are made from the brand's transactions up to the number `until_seq`."""

    statement_id: str
    brand_id: str
    currency: str
    period: Period
    later_periods: Set[str]
    """The ids of the brand's periods after this one: what is posted there is not part of the statement."""
    pay_dates: PayDates
    until_seq: int

    @cached_property
    def ends_at(self) -> str:
        """The end of the period, as text that sorts by time."""
        return format_utc(self.period.ends_at)


def scope_of(session: Session, statement: Statement, until_seq: int) -> Scope:
    period = session.get_one(Period, statement.period_id)
    later = session.scalars(
        select(Period.id).where(Period.brand_id == statement.brand_id, Period.starts_at > period.starts_at)
    )
    return Scope(
        statement_id=statement.id,
        brand_id=statement.brand_id,
        currency=statement.currency,
        period=period,
        later_periods=frozenset(later),
        pay_dates=PayDates(load_rules(session, statement.brand_id)),
        until_seq=until_seq,
    )
