"""Steps that count visits of a day by referrer, country and device, from clicks that are still kept."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from config.locking.tables import lock_for_writers
from tracker.clicks.counting.due_days import DueDay, hours_of
from tracker.clicks.models import Click, ClickConfirmation, ClickDoubt, ClickFacet, FacetKind
from tracker.ids import uuid_lower_bound

MAX_VALUES = 50
OTHER = "other"
"""The value that has the rest of a kind."""
UNKNOWN = "unknown"
"""The value of clicks that do not say it."""

Facets = dict[UUID, dict[str, Counter[str]]]
"""Visits by link, kind and value. A link with clicks of which none is a visit has no values."""


def new_facets() -> Facets:
    return defaultdict(lambda: defaultdict(Counter))


def count_clicks(session: Session, start: datetime, end: datetime, facets: Facets) -> None:
    """Add the clicks of a part of the day."""
    for link_id, *values, persons in session.execute(_visits(start, end)):
        of_link = facets[link_id]
        if persons:
            for kind, value in zip(FacetKind, values, strict=True):
                of_link[kind][value or UNKNOWN] += int(persons)


def most_frequent(counts: Counter[str]) -> dict[str, int]:
    """At most MAX_VALUES values, and the sum of the rest as OTHER. Of equal numbers, by name."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    kept = dict(ordered[:MAX_VALUES])
    if rest := sum(number for _, number in ordered[MAX_VALUES:]):
        kept[OTHER] = kept.get(OTHER, 0) + rest
    return kept


def rows_of(day: str, facets: Mapping[str, Counter[str]]) -> Iterable[dict[str, Any]]:
    """The rows of a link, without the link."""
    for kind, counts in facets.items():
        for value, persons in most_frequent(counts).items():
            yield {"day": day, "kind": kind, "value": value, "persons": persons}


def write_facets(
    session: Session,
    day: DueDay,
    hours: Mapping[datetime, tuple[int, bool]],
    links: Mapping[UUID, list[dict[str, Any]]],
) -> bool:
    """Replace the rows of these links on that day.

    Returns False, and writes nothing, when the hours of the day are no longer those from which they were
    computed: the next run has newer ones.
    """
    lock_for_writers(session, ClickFacet)
    if hours_of(session, day) != hours:
        return False
    session.execute(delete(ClickFacet).where(ClickFacet.link_id.in_(links), ClickFacet.day == day.day))
    rows = [{"link_id": link_id, **row} for link_id, of_link in links.items() for row in of_link]
    if rows:
        session.execute(insert(ClickFacet), rows)
    return True


def _visits(start: datetime, end: datetime) -> Any:
    """Visits by link and all values; 0 for clicks that are none."""
    is_person = or_(Click.verdict == "person", ClickConfirmation.click_id.is_not(None))
    visits = func.sum(case((is_person & ClickDoubt.click_id.is_(None), 1), else_=0))
    values = (Click.referrer_host, Click.country, Click.device)  # in the order of FacetKind
    return (
        select(Click.link_id, *values, visits)
        .join(ClickDoubt, ClickDoubt.click_id == Click.id, isouter=True)
        .join(ClickConfirmation, ClickConfirmation.click_id == Click.id, isouter=True)
        .where(Click.id >= uuid_lower_bound(start), Click.id < uuid_lower_bound(end))
        .group_by(Click.link_id, *values)
    )
