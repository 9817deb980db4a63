"""Steps that sum up hourly totals to visits by day, of links, of creators at a brand, and of brands.

Each writes absolute values, and is short. What is summed up is read in the same transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.insert import insert_into
from config.locking.tables import lock_for_writers
from tracker.clicks.counting.due_days import HOUR, DueDay, within
from tracker.clicks.models import Click, ClickDay, ClickTotal, DayScope
from tracker.ids import uuid_lower_bound


def clicked_links(session: Session, hour: datetime) -> set[UUID]:
    """The links with a click in that hour, as long as its clicks are kept."""
    of_hour = (Click.id >= uuid_lower_bound(hour), Click.id < uuid_lower_bound(hour + HOUR))
    return set(session.scalars(select(Click.link_id).where(*of_hour).distinct()))


def sum_up_links(session: Session, day: DueDay, brand_id: UUID, creators: Mapping[UUID, UUID]) -> None:
    """Compute the day of these links of the brand; `creators` are by link."""
    lock_for_writers(session, ClickDay)
    sums = (
        select(ClickTotal.link_id, func.sum(ClickTotal.persons))
        .where(ClickTotal.link_id.in_(creators), within(ClickTotal.hour, day.spans))
        .group_by(ClickTotal.link_id)
    )
    _upsert(
        session,
        [
            _row(day, brand_id, DayScope.LINK, link_id, persons, creators[link_id])
            for link_id, persons in session.execute(sums)
        ],
    )


def sum_up_creators(session: Session, day: DueDay, brand_id: UUID, creator_ids: Sequence[UUID]) -> None:
    """Compute the day of these creators at the brand, from the days of their links."""
    lock_for_writers(session, ClickDay)
    sums = (
        select(ClickDay.creator_id, func.sum(ClickDay.persons))
        .where(*_of_day(day, brand_id, DayScope.LINK), ClickDay.creator_id.in_(creator_ids))
        .group_by(ClickDay.creator_id)
    )
    rows = [
        _row(day, brand_id, DayScope.CREATOR, who, persons)
        for who, persons in session.execute(sums)
        if who is not None
    ]
    _upsert(session, rows)


def sum_up_brand(session: Session, day: DueDay, brand_id: UUID) -> None:
    """Compute the day of the brand, from the days of its creators."""
    lock_for_writers(session, ClickDay)
    of_creators = _of_day(day, brand_id, DayScope.CREATOR)
    persons = session.scalar(select(func.sum(ClickDay.persons)).where(*of_creators))
    if persons is not None:
        _upsert(session, [_row(day, brand_id, DayScope.BRAND, brand_id, persons)])


def _of_day(day: DueDay, brand_id: UUID, scope: DayScope) -> tuple[Any, ...]:
    return (ClickDay.brand_id == brand_id, ClickDay.scope == scope.value, ClickDay.day == day.day)


def _row(
    day: DueDay, brand_id: UUID, scope: DayScope, subject_id: UUID, persons: int, creator: UUID | None = None
) -> dict[str, Any]:
    names = {"brand_id": brand_id, "scope": scope.value, "subject_id": subject_id, "day": day.day}
    # A creator is the subject of the row that sums up their links; there the column serves the brand's sum.
    who = subject_id if scope is DayScope.CREATOR else creator
    return names | {"creator_id": who, "persons": int(persons)}


def _upsert(session: Session, rows: Iterable[dict[str, Any]]) -> None:
    values = list(rows)
    if values:
        statement = insert_into(ClickDay, session)
        changed = {name: statement.excluded[name] for name in ("persons", "creator_id")}
        keys = [each.name for each in ClickDay.__table__.primary_key]
        session.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), values)
