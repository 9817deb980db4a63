"""A creator's links with what they did: clicks, sales and earnings of the last 30 days."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payouts.rollups.models import SaleDay
from payouts.rollups.rules import Scope
from tracker.clicks.counting.statistics import link_statistics
from tracker.ids import uuid_of
from tracker.money import Money
from tracker.people.accounts.models import Brand
from tracker.programs.links.operations import LINK
from tracker.programs.models import Enrollment, Link, Program

SHOWN = timedelta(days=30)
MOST = 20


@dataclass(frozen=True)
class CreatorLink:
    """`clicks` are persons. `earned`: commissions after all changes whose decision names the link."""

    link_id: str
    code: str
    destination: str
    brand_id: str
    brand_name: str
    clicks: int
    sales: int
    earned: Money


def links_of_creator(
    session: Session, clicks: Session, now: datetime, creator_id: str
) -> Sequence[CreatorLink]:
    """Active links, the newest first. `clicks` is a session of the database of clicks."""
    rows = session.execute(
        select(Link, Brand)
        .join(Enrollment, Enrollment.id == Link.enrollment_id)
        .join(Program, Program.id == Enrollment.program_id)
        .join(Brand, Brand.id == Program.brand_id)
        .where(Enrollment.creator_id == creator_id, Link.state == "active", Enrollment.state == "active")
        .order_by(Link.id.desc())
        .limit(MOST)
    ).all()
    since = (now - SHOWN).replace(minute=0, second=0, microsecond=0)
    counted = link_statistics(clicks, [uuid_of(link.id, LINK) for link, _brand in rows], since)
    sold = _sold(session, {brand.id for _link, brand in rows}, [link.id for link, _brand in rows], since)
    return [
        CreatorLink(
            link.id,
            link.code,
            link.destination,
            brand.id,
            brand.name,
            counted[uuid_of(link.id, LINK)]["persons"],
            sold.get((link.id, brand.currency), (0, 0))[0],
            Money(sold.get((link.id, brand.currency), (0, 0))[1], brand.currency),
        )
        for link, brand in rows
    ]


def _sold(
    session: Session, brand_ids: Collection[str], link_ids: Collection[str], since: datetime
) -> dict[tuple[str, str], tuple[int, int]]:
    """By link and currency: sales, and what is left of their commissions."""
    own = (
        SaleDay.brand_id.in_(brand_ids),
        SaleDay.scope == Scope.LINK.value,
        SaleDay.subject_id.in_(link_ids),
    )
    sums = (func.sum(SaleDay.sales), func.sum(SaleDay.commission_minor))
    rows = session.execute(
        select(SaleDay.subject_id, SaleDay.currency, *sums)
        .where(*own, SaleDay.day >= since.date().isoformat())
        .group_by(SaleDay.subject_id, SaleDay.currency)
    )
    return {(link_id, currency): (int(sales), int(left)) for link_id, currency, sales, left in rows}
