"""Figures of sales for pages: by day, and a month's best creators."""

from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.rollups.models import SaleDay, SaleMonth
from payouts.rollups.rules import FIGURES, Scope
from tracker.people.accounts.models import Creator


class SaleFigures(NamedTuple):
    """As SaleTotals: one number for each of FIGURES, in minor units of one currency."""

    sales: int
    net_minor: int
    refunded_net_minor: int
    earned_minor: int
    commission_minor: int


class CreatorFigures(NamedTuple):
    creator_id: str
    name: str
    figures: SaleFigures


def sales_by_day(
    session: Session,
    brand_id: str,
    currency: str,
    first: str,
    last: str,
    *,
    scope: Scope = Scope.ALL,
    subject_id: str = "",
) -> dict[str, SaleFigures]:
    """By day of the brand, YYYY-MM-DD, from the first to the last; days without sales are left out.

    `subject_id` is the creator or the link where the scope is one; else it is the brand.
    """
    own = (SaleDay.brand_id == brand_id, SaleDay.scope == scope.value)
    subject = (SaleDay.subject_id == (subject_id or brand_id), SaleDay.currency == currency)
    rows = session.execute(
        select(SaleDay.day, *_figures(SaleDay))
        .where(*own, *subject, SaleDay.day.between(first, last))
        .order_by(SaleDay.day)
    )
    return {day: SaleFigures(*figures) for day, *figures in rows}


def top_creators(
    session: Session, brand_id: str, currency: str, month: str, limit: int = 10
) -> list[CreatorFigures]:
    """The creators with the highest net amount of sales in a month, YYYY-MM."""
    own = (SaleMonth.brand_id == brand_id, SaleMonth.scope == Scope.CREATOR.value)
    best = (
        select(SaleMonth.subject_id, *_figures(SaleMonth))
        .where(*own, SaleMonth.month == month, SaleMonth.currency == currency)
        .order_by(SaleMonth.net_minor.desc(), SaleMonth.subject_id)
        .limit(limit)
    )
    found = {creator_id: SaleFigures(*figures) for creator_id, *figures in session.execute(best)}
    names = dict(session.execute(select(Creator.id, Creator.name).where(Creator.id.in_(found))).all())
    return [CreatorFigures(each, names[each], figures) for each, figures in found.items()]


def _figures(model: type[SaleDay | SaleMonth]) -> list[Any]:
    return [getattr(model, name) for name in FIGURES]
