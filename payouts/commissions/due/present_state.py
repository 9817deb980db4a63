"""The present state of commissions, loaded for a batch by a number of queries that does not depend on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from config.among import among
from payouts.commissions.entries import Change, CommissionRef, DatedStep, PlannedChange
from payouts.commissions.models import Commission, Entry
from payouts.commissions.movements import movements_of_commissions
from payouts.commissions.positions import Movement, Step, after_steps, change_steps
from payouts.ledger.models import Period


@dataclass
class CommissionState:
    """A commission with its entries and what its postings changed, by start of period.

    What is planned for it is noted here, so that the next change is planned as if this one was written.
    `entered` has the kind and the cause of each entry. `returned`: some of them moved money that came back.
    """

    ref: CommissionRef
    sale_id: str
    attribution_id: str
    live: bool
    base: str
    rate_bp: int
    release_at: datetime
    matured_at: datetime | None
    first_released_at: datetime | None
    entered: list[tuple[str, str]] = field(default_factory=list)
    amount_minor: int = 0
    returned: bool = False
    movements: dict[datetime, Movement] = field(default_factory=dict)

    @property
    def is_only_accrued(self) -> bool:
        return len(self.entered) == 1

    def change_steps(self, period_starts_at: datetime, difference_minor: int) -> Sequence[Step]:
        """The postings of a difference, which is not 0, that counts in one period."""
        if self.first_released_at is None and difference_minor > 0:
            return [Step(period_starts_at, "reinstate_held", difference_minor)]
        is_held = self.matured_at is None
        return change_steps(self.movements, period_starts_at, difference_minor, held=is_held)

    def plan(
        self, change: Change, steps: Sequence[Step], periods: Mapping[datetime, Period], *, after_minor: int
    ) -> PlannedChange:
        """The change with its entry and its postings. `periods` are those of the steps, by their start."""
        dated = [DatedStep(periods[each.period_starts_at], each.event, each.amount_minor) for each in steps]
        line = len(self.entered) + 1
        planned = PlannedChange(self.ref, change, line, self.amount_minor, after_minor, dated)
        self.entered.append((change.kind, change.cause_id))
        self.amount_minor = after_minor
        self.movements = after_steps(self.movements, steps)
        return planned


def load_states(
    session: Session, commission_ids: Sequence[str], *, of_accrued: bool = True
) -> list[CommissionState]:
    """The commissions in the order of the ids. Call it under the lock of the brand's books.

    Without `of_accrued`, those with nothing but their accrual, which are the most, have no movements.
    """
    parameters = {"commission_ids": commission_ids}
    states = {}
    for row in session.execute(_commissions_query(), parameters):
        identifier, creator_id, currency, *columns = row
        states[identifier] = CommissionState(CommissionRef(identifier, creator_id, currency), *columns)
    for entry in session.execute(_entries_query(), parameters):
        state = states[entry.commission_id]
        state.entered.append((entry.kind, entry.cause_id))
        state.amount_minor = entry.amount_after_minor
        state.returned = state.returned or entry.returned_from is not None
    moved = [each for each, state in states.items() if of_accrued or not state.is_only_accrued]
    if moved:
        for identifier, movements in movements_of_commissions(session, moved).items():
            states[identifier].movements = movements
    return [states[identifier] for identifier in commission_ids]


@cache
def _commissions_query() -> Select[*tuple[Any, ...]]:
    """The columns that CommissionState has. Parameter: `commission_ids`."""
    return select(
        Commission.id,
        Commission.creator_id,
        Commission.currency,
        Commission.sale_id,
        Commission.attribution_id,
        Commission.live,
        Commission.base,
        Commission.rate_bp,
        Commission.release_at,
        Commission.matured_at,
        Commission.first_released_at,
    ).where(among(Commission.id, "commission_ids"))


@cache
def _entries_query() -> Select[str, str, str, int, str | None]:
    """Parameter: `commission_ids`."""
    columns = (Entry.commission_id, Entry.kind, Entry.cause_id, Entry.amount_after_minor, Entry.returned_from)
    own = select(*columns).where(among(Entry.commission_id, "commission_ids"))
    return own.order_by(Entry.commission_id, Entry.line)


def periods_by_start(session: Session, brand_id: str) -> dict[datetime, Period]:
    """The periods of a brand, which are few."""
    own = session.scalars(select(Period).where(Period.brand_id == brand_id))
    return {each.starts_at: each for each in own}
