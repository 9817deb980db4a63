"""A brand's held commissions, page by page, in the order in which they were held."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, literal, select, tuple_
from sqlalchemy.orm import Session

from config.columns import UtcTime
from payouts.commissions.holds.placing import hold_words
from payouts.commissions.models import Commission, Hold
from payouts.commissions.worth.amounts import amount_left
from tracker.money import Money
from tracker.people.accounts.models import Creator
from tracker.sales.orders.models import Sale


class HoldsCursor(NamedTuple):
    """The last hold of a page: the next page begins after it."""

    placed_at: datetime
    hold_id: str


@dataclass(frozen=True)
class StandingHold:
    """A hold that stands, in words, and what is left of its commission. A commission may have several."""

    hold_id: str
    placed_at: datetime
    ends_at: datetime | None
    words: str
    commission_id: str
    order_id: str
    creator_id: str
    creator_name: str
    left: Money

    @property
    def cursor(self) -> HoldsCursor:
        return HoldsCursor(self.placed_at, self.hold_id)


def held_now(
    session: Session, brand_id: str, *, limit: int = 50, after: HoldsCursor | None = None
) -> list[StandingHold]:
    """Standing holds of a brand, the oldest first; `after` a hold: the next page."""
    return [
        StandingHold(
            hold.id,
            hold.placed_at,
            hold.ends_at,
            hold_words(hold),
            commission_id,
            order_id,
            creator_id,
            creator_name,
            Money(left, currency),
        )
        for hold, commission_id, order_id, creator_id, creator_name, left, currency in session.execute(
            _page(brand_id, limit, after)
        )
    ]


def _page(brand_id: str, limit: int, after: HoldsCursor | None) -> Select[*tuple[Any, ...]]:
    standing = [Commission.brand_id == brand_id, Hold.lifted_at.is_(None)]
    if after is not None:
        last = tuple_(literal(after.placed_at, UtcTime()), literal(after.hold_id))
        standing.append(tuple_(Hold.placed_at, Hold.id) > last)
    columns = (Commission.id, Sale.order_id, Creator.id, Creator.name, amount_left(), Commission.currency)
    return (
        select(Hold, *columns)
        .join(Commission, Commission.id == Hold.commission_id)
        .join(Sale, Sale.id == Commission.sale_id)
        .join(Creator, Creator.id == Commission.creator_id)
        .where(*standing)
        .order_by(Hold.placed_at, Hold.id)
        .limit(limit)
    )
