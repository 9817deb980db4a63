"""Checks visits by day against the hourly totals that they sum up, in short reads of both databases.

A day with an hour that was counted since it was summed up is behind, which is no fault.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tracker.clicks.counting.due_days import due_hours
from tracker.clicks.models import ClickDay, ClickTotal, DayScope
from tracker.ids import public_id, uuid_of
from tracker.people.accounts.brand_rules import BrandRules
from tracker.people.accounts.days import day_of
from tracker.people.accounts.rules_versions import load_rules
from tracker.programs.links.owners import owners_of

LINKS_PER_READ = 25
_FIRST = UUID(int=0)

Reads = Callable[[], AbstractContextManager[Session]]
"""Opens a short read of a database."""


class DayFault(NamedTuple):
    """The id of a link, a creator or a brand, and a message for people."""

    subject_id: str
    message: str


def day_faults(main: Reads, clicks: Reads, brands: Sequence[str]) -> Iterator[DayFault]:
    """Of these brands: days of links that are not the sums of their hours, and sums of them that differ."""
    with main() as session:
        rules = {brand_id: load_rules(session, brand_id) for brand_id in brands}
    yield from _link_faults(main, clicks, rules)
    for brand_id, own in rules.items():
        yield from _sum_faults(clicks, brand_id, own)


def _link_faults(main: Reads, clicks: Reads, rules: Mapping[str, BrandRules]) -> Iterator[DayFault]:
    after = _FIRST
    while True:
        counted = select(ClickTotal.link_id).where(ClickTotal.link_id > after).distinct()
        with clicks() as session:
            links = session.scalars(counted.order_by(ClickTotal.link_id).limit(LINKS_PER_READ)).all()
        if not links:
            return
        after = links[-1]
        with main() as session:
            owners = owners_of(session, links)
        brands = {each: owner.brand_id for each, owner in owners.items() if owner.brand_id in rules}
        with clicks() as session:
            found = _compare_links(session, rules, brands)
        yield from found


def _compare_links(
    session: Session, rules: Mapping[str, BrandRules], brands: Mapping[UUID, str]
) -> list[DayFault]:
    """`brands` are by link."""
    due = {brand_id: _due(session, rules[brand_id]) for brand_id in set(brands.values())}
    sums: dict[tuple[UUID, str], int] = defaultdict(int)
    hours = select(ClickTotal.link_id, ClickTotal.hour, ClickTotal.persons)
    for link_id, hour, persons in session.execute(hours.where(ClickTotal.link_id.in_(brands))):
        sums[link_id, day_of(rules[brands[link_id]], hour)] += persons
    of_links = select(ClickDay.subject_id, ClickDay.day, ClickDay.persons).where(
        ClickDay.brand_id.in_({uuid_of(each, "brd") for each in brands.values()}),
        ClickDay.scope == DayScope.LINK.value,
        ClickDay.subject_id.in_(brands),
    )
    stored = {(link_id, day): persons for link_id, day, persons in session.execute(of_links)}
    return [
        _fault(public_id("lnk", link_id), day, sums.get((link_id, day), 0), stored.get((link_id, day), 0))
        for link_id, day in sorted(sums.keys() | stored.keys())
        if day not in due[brands[link_id]] and sums.get((link_id, day), 0) != stored.get((link_id, day), 0)
    ]


def _sum_faults(clicks: Reads, brand_id: str, rules: BrandRules) -> Iterator[DayFault]:
    """The day of a creator is the sum of their links, that of the brand the sum of its creators."""
    brand, day = uuid_of(brand_id, "brd"), ""
    while True:
        with clicks() as session:
            following = _next_day(session, brand, day)
            if following is None:
                return
            found = [] if following in _due(session, rules) else _compare_sums(session, brand, following)
        day = following
        yield from found


def _next_day(session: Session, brand: UUID, day: str) -> str | None:
    own = (ClickDay.brand_id == brand, ClickDay.day > day)
    found = [
        session.scalar(select(func.min(ClickDay.day)).where(*own, ClickDay.scope == scope.value))
        for scope in DayScope
    ]
    return min((each for each in found if each is not None), default=None)


def _compare_sums(session: Session, brand: UUID, day: str) -> list[DayFault]:
    def of(scope: DayScope, *columns: Any) -> Any:
        own = (ClickDay.brand_id == brand, ClickDay.scope == scope.value, ClickDay.day == day)
        return select(*columns).where(*own)

    links = of(DayScope.LINK, ClickDay.creator_id, func.sum(ClickDay.persons)).group_by(ClickDay.creator_id)
    sums = {creator_id: int(persons) for creator_id, persons in session.execute(links)}
    stored = dict(session.execute(of(DayScope.CREATOR, ClickDay.subject_id, ClickDay.persons)).all())
    found = [
        _fault(public_id("crt", each), day, sums.get(each, 0), stored.get(each, 0))
        for each in sorted(sums.keys() | stored.keys())
        if sums.get(each, 0) != stored.get(each, 0)
    ]
    whole = session.scalar(of(DayScope.BRAND, ClickDay.persons)) or 0
    if whole != sum(stored.values()):
        found.append(_fault(public_id("brd", brand), day, sum(stored.values()), whole))
    return found


def _due(session: Session, rules: BrandRules) -> set[str]:
    """The brand's days that are not summed up yet."""
    return {day_of(rules, each.hour) for each in due_hours(session, "summed")}


def _fault(subject_id: str, day: str, persons: int, shown: int) -> DayFault:
    return DayFault(subject_id, f"The visits of {subject_id} on {day} are {persons}, but pages show {shown}.")
