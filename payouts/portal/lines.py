"""A creator's commissions, the newest first, page by page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from payouts.commissions.models import Commission
from payouts.commissions.worth.amounts import amount_left
from tracker.money import Money
from tracker.people.accounts.models import Brand
from tracker.sales.orders.models import Sale


@dataclass(frozen=True)
class CommissionLine:
    """A commission with its sale. `left` is what it is worth after all changes; a replaced one has 0."""

    commission_id: str
    brand_id: str
    brand_name: str
    order_id: str
    sold_at: datetime
    earned: Money
    left: Money
    release_at: datetime
    released_at: datetime | None
    live: bool


def lines_of_creator(
    session: Session, creator_id: str, *, brand_id: str = "", limit: int = 50, after: str = ""
) -> list[CommissionLine]:
    """The newest commissions of a creator, in the order in which they were booked; at one brand or at all.

    `after` the id of a commission: the next page.
    """
    rows = session.execute(_page(creator_id, brand_id, limit, after))
    return [
        CommissionLine(
            commission.id,
            commission.brand_id,
            brand_name,
            order_id,
            sold_at,
            Money(commission.amount_minor, commission.currency),
            Money(left, commission.currency),
            commission.release_at,
            commission.matured_at,
            commission.live,
        )
        for commission, brand_name, order_id, sold_at, left in rows
    ]


def _page(creator_id: str, brand_id: str, limit: int, after: str) -> Select[*tuple[Any, ...]]:
    own = [Commission.creator_id == creator_id]
    if brand_id:
        own.append(Commission.brand_id == brand_id)
    if after:
        own.append(Commission.id < after)
    return (
        select(Commission, Brand.name, Sale.order_id, Sale.occurred_at, amount_left())
        .join(Brand, Brand.id == Commission.brand_id)
        .join(Sale, Sale.id == Commission.sale_id)
        .where(*own)
        .order_by(Commission.id.desc())
        .limit(limit)
    )
