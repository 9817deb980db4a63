"""Keeps visits by day and their facets up to date, in many short transactions on the click database.

Due are the hours that were counted since. Every step writes absolute values, so it can be repeated; the hours
are marked at the end, unless they were counted again meanwhile.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select

from config.database import Databases, read_session
from tracker.clicks.counting import day_totals as days
from tracker.clicks.counting import facets
from tracker.clicks.counting.due_days import DueDay, DueHour, due_days, due_hours, hours_of, mark
from tracker.clicks.counting.hourly_totals import slices, span_count
from tracker.clicks.counting.totals_job import no_lease_check
from tracker.clicks.counting.transactions import read_clicks, write_clicks
from tracker.ids import uuid_of
from tracker.people.accounts.brand_rules import BrandRules
from tracker.people.accounts.models import Brand
from tracker.people.accounts.rules_versions import load_rules
from tracker.programs.links.owners import LinkOwner, links_of_brands, owners_of

LINKS_PER_WRITE = 500
ROWS_PER_WRITE = 1_000


class DaysRun:
    """`check_lease` is called before each day, and raises when another process has taken over."""

    def __init__(self, databases: Databases, check_lease: Callable[[], object] = no_lease_check) -> None:
        self._main, self._clicks = databases.main, databases.clicks
        self._check_lease = check_lease

    def sum_up(self) -> int:
        """Compute the visits of every due day. Returns how many; brands of one calendar share it."""
        due = read_clicks(self._clicks, partial(due_hours, column="summed"))
        computed = 0
        for day in self._due_days(due):
            self._check_lease()
            self._sum_up_day(day)
            computed += 1
        self._mark("summed", due)
        return computed

    def count_facets(self) -> int:
        """Compute the facets of every due day whose clicks are all kept. Returns how many days."""
        due = read_clicks(self._clicks, partial(due_hours, column="faceted"))
        computed, unfinished = 0, set[DueHour]()
        for day in self._due_days(due):
            self._check_lease()
            if not self._count_day(day):
                unfinished |= set(day.hours)
            computed += 1
        self._mark("faceted", [each for each in due if each not in unfinished])
        return computed

    def _due_days(self, due: Sequence[DueHour]) -> Iterator[DueDay]:
        return due_days(due, self._rules()) if due else iter(())

    def _rules(self) -> dict[str, BrandRules]:
        with read_session(self._main) as session:
            brand_ids = session.scalars(select(Brand.id).order_by(Brand.id)).all()
            return {brand_id: load_rules(session, brand_id) for brand_id in brand_ids}

    def _sum_up_day(self, day: DueDay) -> None:
        by_brand: dict[str, dict[UUID, UUID]] = defaultdict(dict)
        for link_id, owner in self._owners(day).items():
            by_brand[owner.brand_id][link_id] = uuid_of(owner.creator_id, "crt")
        for brand, creators in by_brand.items():
            brand_id = uuid_of(brand, "brd")
            for links in _chunks(sorted(creators)):
                own = {link_id: creators[link_id] for link_id in links}
                self._write(partial(days.sum_up_links, day=day, brand_id=brand_id, creators=own))
            for some in _chunks(sorted(set(creators.values()))):
                self._write(partial(days.sum_up_creators, day=day, brand_id=brand_id, creator_ids=some))
            self._write(partial(days.sum_up_brand, day=day, brand_id=brand_id))

    def _owners(self, day: DueDay) -> dict[UUID, LinkOwner]:
        """The links of the day's brands that may have other totals now; all of them if clicks are gone."""
        if any(each.closed for each in day.hours):
            with read_session(self._main) as session:
                return links_of_brands(session, day.brand_ids)
        links: set[UUID] = set()
        for each in day.hours:
            links |= read_clicks(self._clicks, partial(days.clicked_links, hour=each.hour))
        return self._owned(links, day)

    def _owned(self, links: Collection[UUID], day: DueDay) -> dict[UUID, LinkOwner]:
        with read_session(self._main) as session:
            owners, brands = owners_of(session, sorted(links)), set(day.brand_ids)
        return {link_id: owner for link_id, owner in owners.items() if owner.brand_id in brands}

    def _count_day(self, day: DueDay) -> bool:
        """False when the hours of the day were counted again meanwhile."""
        hours = read_clicks(self._clicks, partial(hours_of, day=day))
        if any(closed for _, closed in hours.values()):
            return True  # some of its clicks are gone: its facets stay as they are
        found = facets.new_facets()
        for start, end in day.spans:
            rows = read_clicks(self._clicks, partial(span_count, start=start, end=end)).rows
            for first, last in slices(start, end, rows):
                read_clicks(self._clicks, partial(facets.count_clicks, start=first, end=last, facets=found))
        owned = self._owned(found, day)
        links = {link_id: list(facets.rows_of(day.day, found[link_id])) for link_id in sorted(owned)}
        return all(
            self._write(partial(facets.write_facets, day=day, hours=hours, links=some))
            for some in _chunks_of_rows(links)
        )

    def _mark(self, column: str, hours: Sequence[DueHour]) -> None:
        for some in _chunks(hours):
            self._write(partial(mark, column=column, hours=some))

    def _write(self, work: Callable[..., Any]) -> Any:
        return write_clicks(self._clicks, work)


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[first : first + LINKS_PER_WRITE] for first in range(0, len(values), LINKS_PER_WRITE))


def _chunks_of_rows(links: Mapping[UUID, list[dict[str, Any]]]) -> Iterator[dict[UUID, list[dict[str, Any]]]]:
    """Links whose rows are written together."""
    chunk: dict[UUID, list[dict[str, Any]]] = {}
    number = 0
    for link_id, rows in links.items():
        chunk[link_id] = rows
        number += len(rows) + 1
        if number >= ROWS_PER_WRITE:
            yield chunk
            chunk, number = {}, 0
    if chunk:
        yield chunk
