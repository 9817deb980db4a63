"""Signals that compare several sales, including sales that were booked before.

A sale alone with its shopper and its click is no neighbour of any: only groups of sales are read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from config.among import among
from payouts.commissions.attributed import AttributedSale
from payouts.commissions.models import Commission
from payouts.commissions.movements import settled_by_commission
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.amounts import AMOUNT_COLUMNS, amounts_from
from tracker.sales.orders.models import Sale
from tracker.sales.suspicion.rules import (
    MAX_TIME_APART,
    CreditedSale,
    Suspicion,
    duplicate_of,
    many_sales,
    possible_duplicates,
)
from tracker.sales.suspicion.settings import SuspicionSettings


@dataclass(frozen=True)
class Neighbour:
    """A sale with its live commission; `matured_at` is when that was released."""

    sale: CreditedSale
    commission_id: str
    matured_at: datetime | None


def suspicious_neighbours(
    session: Session, brand_id: str, sales: Sequence[AttributedSale], settings: SuspicionSettings
) -> Iterator[tuple[Neighbour, Suspicion]]:
    """Suspicions about these sales of one brand and about nearby ones."""
    if settings["many_sales"] == settings["possible_duplicate"] == "off":
        return
    neighbours = _nearby_sales(session, brand_id, sales)
    known = [each.sale for each in neighbours.values()]
    if settings["many_sales"] != "off":
        for sale_id, suspicion in many_sales(known, int(settings["many_sales"])).items():
            yield neighbours[sale_id], suspicion
    if settings["possible_duplicate"] != "off":
        pairs = possible_duplicates(known)
        paid = _paid(session, [neighbours[second.sale_id] for _first, second in pairs])
        for first, second in pairs:
            if second.sale_id in paid:
                first, second = second, first
            yield neighbours[second.sale_id], duplicate_of(first, second)


def _paid(session: Session, neighbours: Sequence[Neighbour]) -> set[str]:
    """The ids of the sales whose commission was released and is, or may be, with the rail."""
    released = {each.commission_id: each.sale.sale_id for each in neighbours if each.matured_at is not None}
    settled = settled_by_commission(session, list(released))
    return {released[commission_id] for commission_id, settled_minor in settled.items() if settled_minor > 0}


def _nearby_sales(session: Session, brand_id: str, sales: Sequence[AttributedSale]) -> dict[str, Neighbour]:
    """By sale id: the brand's sales of the same shoppers or clicks, of which there are several."""
    times = [each.occurred_at for each in sales]
    within = {"first": min(times) - MAX_TIME_APART, "last": max(times) + MAX_TIME_APART}
    found: dict[str, Neighbour] = {}
    for keys, (several, of_several) in (
        ({each.shopper for each in sales} - {None}, _shopper_queries()),
        ({each.click_id for each in sales} - {None}, _click_queries()),
    ):
        parameters = {"brand_id": brand_id, **within}
        repeated = session.scalars(several, {"keys": sorted(map(str, keys)), **parameters}).all()
        if repeated:
            rows = session.connection().execute(of_several, {"keys": repeated, **parameters})
            found |= {each.sale.sale_id: each for each in map(_neighbour, rows)}
    return found


def _neighbour(row: Any) -> Neighbour:
    sale = CreditedSale(
        sale_id=row.sale_id,
        order_id=row.order_id,
        namespace=row.namespace,
        occurred_at=row.occurred_at,
        currency=row.currency,
        total_minor=amounts_from(row[-len(AMOUNT_COLUMNS) :]).total,
        shopper=row.shopper,
        creator_id=row.creator_id,
        click_id=row.click_id,
    )
    return Neighbour(sale, row.commission_id, row.matured_at)


@cache
def _shopper_queries() -> tuple[Select[*tuple[Any, ...]], Select[*tuple[Any, ...]]]:
    """Shoppers with several sales, and these sales. Parameters: `brand_id`, `first`, `last`, `keys`."""
    of_shoppers = (*_near(), among(Sale.shopper, "keys"))
    several = select(Sale.shopper).where(*of_shoppers).group_by(Sale.shopper).having(func.count() > 1)
    return several, _live_commissions().where(*of_shoppers)


@cache
def _click_queries() -> tuple[Select[*tuple[Any, ...]], Select[*tuple[Any, ...]]]:
    """The same for clicks. A click may be credited by several attributions of one sale."""
    of_clicks = among(Attribution.click_id, "keys")
    several = select(Attribution.click_id).where(of_clicks)
    several = several.group_by(Attribution.click_id).having(func.count() > 1)
    return several, _live_commissions().where(*_near(), of_clicks)


def _near() -> tuple[Any, ...]:
    return (
        Sale.brand_id == bindparam("brand_id"),
        Sale.occurred_at.between(bindparam("first"), bindparam("last")),
    )


def _live_commissions() -> Select[*tuple[Any, ...]]:
    """The join also compares the sale, because commissions are found by their sale."""
    return (
        select(
            Commission.id.label("commission_id"),
            Commission.creator_id,
            Commission.matured_at,
            Sale.id.label("sale_id"),
            Sale.order_id,
            Sale.namespace,
            Sale.occurred_at,
            Sale.currency,
            Sale.shopper,
            Attribution.click_id,
            *AMOUNT_COLUMNS,
        )
        .join(Sale, Sale.id == Commission.sale_id)
        .join(
            Attribution,
            (Attribution.id == Commission.attribution_id) & (Attribution.sale_id == Commission.sale_id),
        )
        .where(Commission.live)
    )
