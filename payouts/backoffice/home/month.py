"""A brand's month in figures, as PAGES of the specification define them (docs/glossary.md)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from payouts.rollups.queries import CreatorFigures, SaleFigures, sales_by_day, top_creators
from payouts.rollups.rules import Scope
from tracker.clicks.counting.day_statistics import visits_by_day
from tracker.ids import uuid_of
from tracker.money import Money, divide_half_up
from tracker.people.accounts.models import Brand
from tracker.people.accounts.operations import BRAND

NOTHING = SaleFigures(0, 0, 0, 0, 0)
TOP_CREATORS = 5


class Share(NamedTuple):
    """A part of a whole; without a whole there is no share."""

    part: int
    whole: int


@dataclass(frozen=True)
class Month:
    """The figures of one month in the brand's currency. `sales` are all of the brand, `credited` those that
    creators are credited for."""

    name: str
    currency: str
    sales: SaleFigures
    credited: SaleFigures
    clicks: int
    daily_sales: tuple[int, ...]
    best: tuple[CreatorFigures, ...]

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency)

    @property
    def is_empty(self) -> bool:
        return not (self.clicks or self.sales.sales or self.credited.earned_minor)

    @property
    def cost(self) -> Share:
        """Commissions after changes, of the net amount of credited sales."""
        return Share(self.credited.commission_minor, self.credited.net_minor)

    @property
    def conversion(self) -> Share:
        return Share(self.credited.sales, self.clicks)

    @property
    def returned(self) -> Share:
        return Share(self.credited.refunded_net_minor, self.credited.net_minor)

    @property
    def per_click(self) -> Money | None:
        """What a click cost, to the nearest minor unit; None without clicks."""
        return (
            self.money(divide_half_up(self.credited.commission_minor, self.clicks)) if self.clicks else None
        )


def month_of_brand(session: Session, clicks: Session, brand: Brand, first: date) -> Month:
    """The month that begins on that day, in the brand's zone. `clicks`: a session of the click database."""
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    days = (first.isoformat(), last.isoformat())
    credited = sales_by_day(session, brand.id, brand.currency, *days, scope=Scope.CREDITED)
    every = sales_by_day(session, brand.id, brand.currency, *days)
    visits = visits_by_day(clicks, uuid_of(brand.id, BRAND), *days)
    month = first.isoformat()[:7]
    by_day = (credited.get((first + timedelta(days=n)).isoformat(), NOTHING) for n in range(last.day))
    return Month(
        name=month,
        currency=brand.currency,
        sales=_sum(every),
        credited=_sum(credited),
        clicks=sum(visits.values()),
        daily_sales=tuple(each.sales for each in by_day),
        best=tuple(top_creators(session, brand.id, brand.currency, month, TOP_CREATORS)),
    )


def _sum(days: dict[str, SaleFigures]) -> SaleFigures:
    return SaleFigures(*map(sum, zip(NOTHING, *days.values(), strict=True)))
