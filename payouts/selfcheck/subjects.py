"""What a check looks at: everything of a brand, or what came since a mark."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from payouts.commissions.models import Commission, Entry
from payouts.ledger.checks import PAGE_ROWS, Reads, WalkedPage
from payouts.ledger.models import Period
from payouts.ledger.rules import account_id
from payouts.settlement.models import Payout
from payouts.statements.checks import sealed_statements
from tracker.ids import public_id, uuid_lower_bound

MARGIN = timedelta(hours=1)
"""What was written this long before a mark is checked again: its transaction may have been open then."""

FULL_AT = 5000
"""Touched subjects are checked when there are this many, so that memory does not grow with their number."""


@dataclass
class Touched:
    """The objects of a brand that were changed since a mark, by id."""

    subjects: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    periods: set[str] = field(default_factory=set)

    @classmethod
    def without_postings(cls, session: Session, brand_id: str, since: datetime | None) -> Self:
        """What was changed since then without a posting: these changes are not in the books.

        Entries that changed no amount; payouts that are being sent, and those that were settled without a
        transfer. Nothing when there is no mark.
        """
        if since is None:
            return cls()
        touched, from_ = cls(), uuid_lower_bound(since - MARGIN)
        entered = (
            select(Entry.commission_id)
            .join(Commission, Commission.id == Entry.commission_id)
            .where(Entry.transaction_id.is_(None), Entry.id >= public_id("cen", from_))
            .where(Commission.brand_id == brand_id)
        )
        touched.subjects.update(session.scalars(entered))
        settled = (Payout.state == "settled") & (Payout.id >= public_id("pay", from_))
        payouts = select(Payout).where(or_(Payout.state.in_(("sending", "unknown")), settled))
        for payout in session.scalars(payouts.where(Payout.brand_id == brand_id)):
            touched.subjects.add(payout.id)
            touched.accounts.add(account_id(brand_id, "payable", payout.currency, payout.creator_id))
        return touched

    def add(self, page: WalkedPage) -> None:
        self.subjects.update(page.subjects)
        self.accounts.update(page.accounts)
        self.periods.update(page.periods)

    @property
    def is_full(self) -> bool:
        return len(self.subjects) >= FULL_AT

    def clear_subjects(self) -> None:
        """Forget what was checked; the periods are needed until the end."""
        self.subjects.clear()
        self.accounts.clear()


def touched_pages(
    reads: Reads,
    identifier: InstrumentedAttribute[str],
    ids: Collection[str],
    *conditions: ColumnElement[bool],
    rows: int = PAGE_ROWS,
) -> Iterator[list[str]]:
    """Those of the ids that are in a table and meet the conditions, in pages."""
    ordered = sorted(ids)
    for first in range(0, len(ordered), rows):
        some = identifier.in_(ordered[first : first + rows])
        with reads() as session:
            page = list(session.scalars(select(identifier).where(some, *conditions)))
        if page:
            yield page


@dataclass(frozen=True)
class SealedStatement:
    statement_id: str
    currency: str
    period_id: str
    ends_at: datetime
    sealed_at: datetime


@dataclass(frozen=True)
class Statements:
    """A brand's sealed statements, by currency and in the order of their periods; when each period starts."""

    sealed: Sequence[SealedStatement]
    starts: Mapping[str, datetime]

    @classmethod
    def read(cls, session: Session, brand_id: str) -> Self:
        periods = {
            each.id: each for each in session.scalars(select(Period).where(Period.brand_id == brand_id))
        }
        sealed = [
            SealedStatement(
                each.id, each.currency, each.period_id, periods[each.period_id].ends_at, each.sealed_at
            )
            for each in sealed_statements(session, brand_id)
            if each.sealed_at is not None
        ]
        return cls(sealed, {each.id: each.starts_at for each in periods.values()})

    def closings(
        self, owed: Mapping[tuple[str, str], int], since: datetime | None, touched: Collection[str]
    ) -> dict[str, int]:
        """By id of a statement: what creators are owed at the end of its period, in minor units.

        With `since`: of the statements that were sealed since then, and of those whose sum the `touched`
        periods have changed.
        """
        first = min((self.starts[each] for each in touched), default=None)
        return {
            each.statement_id: self._owed_until(owed, each)
            for each in self.sealed
            if since is None
            or each.sealed_at >= since - MARGIN
            or (first is not None and first < each.ends_at)
        }

    def periods_of(self, statement_ids: Collection[str]) -> list[tuple[str, str]]:
        """The period's id and the currency of each of these statements."""
        return [(each.period_id, each.currency) for each in self.sealed if each.statement_id in statement_ids]

    def _owed_until(self, owed: Mapping[tuple[str, str], int], statement: SealedStatement) -> int:
        return sum(
            amount
            for (currency, period_id), amount in owed.items()
            if currency == statement.currency and self.starts[period_id] < statement.ends_at
        )
