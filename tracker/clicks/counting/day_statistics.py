"""Visits by day, and where they came from, for pages."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tracker.clicks.models import ClickDay, ClickFacet, DayScope, FacetKind


def visits_by_day(
    session: Session,
    brand_id: UUID,
    first: str,
    last: str,
    *,
    scope: DayScope = DayScope.BRAND,
    subject_id: UUID | None = None,
) -> dict[str, int]:
    """By day of the brand, YYYY-MM-DD, from the first to the last; days without clicks are left out.

    `subject_id` is the creator or the link where the scope is one; else it is the brand.
    """
    own = (ClickDay.brand_id == brand_id, ClickDay.scope == scope.value)
    subject = (ClickDay.subject_id == (subject_id or brand_id), ClickDay.day.between(first, last))
    rows = session.execute(
        select(ClickDay.day, ClickDay.persons).where(*own, *subject).order_by(ClickDay.day)
    )
    return dict(rows.all())


def visits_by_value(
    session: Session, link_id: UUID, kind: FacetKind, first: str, last: str
) -> list[tuple[str, int]]:
    """Visits of a link by referrer, country or device, the most frequent first.

    On a day with more than 50 values the rare ones are in "other".
    """
    visits = func.sum(ClickFacet.persons)
    rows = session.execute(
        select(ClickFacet.value, visits)
        .where(ClickFacet.link_id == link_id, ClickFacet.day.between(first, last))
        .where(ClickFacet.kind == kind.value)
        .group_by(ClickFacet.value)
        .order_by(visits.desc(), ClickFacet.value)
    )
    return [(value, int(persons)) for value, persons in rows]
