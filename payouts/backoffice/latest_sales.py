"""A brand's sales, the newest first, page by page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, literal, select, tuple_
from sqlalchemy.orm import Session

from config.columns import UtcTime
from payouts.commissions.models import Commission
from payouts.commissions.worth.amounts import amount_left
from tracker.money import Money
from tracker.people.accounts.models import Creator
from tracker.sales.orders.amounts import AMOUNT_COLUMNS, amounts_from
from tracker.sales.orders.models import Sale


class SalesCursor(NamedTuple):
    """The last sale of a page: the next page begins after it."""

    occurred_at: datetime
    sale_id: str


@dataclass(frozen=True)
class LatestSale:
    """A sale with the creator who is credited for it and what the commission is worth; None: nobody is."""

    sale_id: str
    order_id: str
    occurred_at: datetime
    total: Money
    net: Money
    creator_id: str | None
    creator_name: str | None
    commission: Money | None
    released: bool

    @property
    def cursor(self) -> SalesCursor:
        return SalesCursor(self.occurred_at, self.sale_id)


def latest_sales(
    session: Session, brand_id: str, *, limit: int = 50, after: SalesCursor | None = None
) -> list[LatestSale]:
    """The newest sales of a brand by the time of payment, without tests; `after` a sale: the next page."""
    rows = session.execute(_page(brand_id, limit, after))
    return [
        LatestSale(
            sale_id,
            order_id,
            paid_at,
            Money(amounts_from(amounts).total, currency),
            Money(amounts_from(amounts).net, currency),
            creator_id,
            name,
            None if left is None else Money(left, currency),
            released_at is not None,
        )
        for sale_id, order_id, paid_at, currency, creator_id, name, left, released_at, *amounts in rows
    ]


def _page(brand_id: str, limit: int, after: SalesCursor | None) -> Select[*tuple[Any, ...]]:
    own = [Sale.brand_id == brand_id, ~Sale.test]
    if after is not None:
        last = tuple_(literal(after.occurred_at, UtcTime()), literal(after.sale_id))
        own.append(tuple_(Sale.occurred_at, Sale.id) < last)
    credited = (Commission.creator_id, Creator.name, amount_left(), Commission.matured_at)
    return (
        select(Sale.id, Sale.order_id, Sale.occurred_at, Sale.currency, *credited, *AMOUNT_COLUMNS)
        .join(Commission, (Commission.sale_id == Sale.id) & Commission.live, isouter=True)
        .join(Creator, Creator.id == Commission.creator_id, isouter=True)
        .where(*own)
        .order_by(Sale.occurred_at.desc(), Sale.id.desc())
        .limit(limit)
    )
