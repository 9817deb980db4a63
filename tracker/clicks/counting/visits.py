"""Which clicks of an hour are visits: no repeats within 24 hours, no floods. Pure.

Decided from the rows alone, in the order of their ids, so that counting again gives the same, whatever came
late. A repeat or a flood click still has an earning token; only the visit count excludes it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from tracker.ids import uuid_time

REPEAT_WITHIN = timedelta(hours=24)
FLOOD_PER_HOUR = 100
"""Visitors an hour from one network to one link; a mobile operator may have that many behind one address."""

COLUMN_BY_VERDICT = {
    "person": "persons",
    "unconfirmed": "unconfirmed",
    "crawler": "crawlers",
    "preview": "previews",
    "prefetch": "prefetches",
    "embedded": "embedded",
    "head": "heads",
}
"""By verdict: the figure that it adds to, unless a person's click is in doubt."""
COLUMN_BY_DOUBT = {"repeat": "repeats", "flood": "floods"}
TOTAL_COLUMNS = (*COLUMN_BY_VERDICT.values(), *COLUMN_BY_DOUBT.values())


class Row(NamedTuple):
    """What is read of a click."""

    id: UUID
    link_id: UUID
    verdict: str
    visitor: str | None
    visitor_before: str | None
    network: str | None
    confirmed: bool = False
    """A prerender that somebody looked at."""

    @property
    def counts_as(self) -> str:
        return "person" if self.confirmed else self.verdict


class ClickSpan(NamedTuple):
    """The first and the last click with a visitor's mark, which is of one day."""

    first_id: UUID
    last_id: UUID


class Doubt(NamedTuple):
    kind: str
    reason: str


REPEAT = Doubt("repeat", "the same visitor opened the link within the 24 hours before")
FLOOD = Doubt("flood", f"more than {FLOOD_PER_HOUR} visitors within the hour from one network")


@dataclass
class HourCount:
    """Counts the clicks of one hour, given in the order of their ids, a page at a time.

    `rows` are clicks and confirmations together: another number of them, and the hour is counted anew.
    """

    rows: int = 0
    totals: dict[UUID, Counter[str]] = field(default_factory=dict)
    _from_network: Counter[str] = field(default_factory=Counter)

    def add(self, rows: Iterable[Row], seen: Mapping[str, ClickSpan]) -> dict[UUID, Doubt]:
        """Count a page; `seen` has all marks in it. Which of its clicks are no visits, and why."""
        doubts = {}
        for row in rows:
            doubt = self._doubt(row, seen) if row.counts_as == "person" else None
            if doubt is not None:
                doubts[row.id] = doubt
            column = COLUMN_BY_DOUBT[doubt.kind] if doubt else COLUMN_BY_VERDICT[row.counts_as]
            self.totals.setdefault(row.link_id, Counter())[column] += 1
            self.rows += 1 + row.confirmed
        return doubts

    def _doubt(self, row: Row, seen: Mapping[str, ClickSpan]) -> Doubt | None:
        if _is_repeat(row, seen):
            return REPEAT
        if row.network is None:
            return None
        self._from_network[row.network] += 1
        return FLOOD if self._from_network[row.network] > FLOOD_PER_HOUR else None


def _is_repeat(row: Row, seen: Mapping[str, ClickSpan]) -> bool:
    """A mark is of one day, so an earlier click with it is less than 24 hours old."""
    if row.visitor is None:
        return False
    if seen[row.visitor].first_id < row.id:
        return True
    before = seen.get(row.visitor_before) if row.visitor_before is not None else None
    return before is not None and uuid_time(row.id) - uuid_time(before.last_id) < REPEAT_WITHIN


def visitor_spans(rows: Iterable[Row]) -> dict[str, ClickSpan]:
    """The persons' marks in a page, each with its first and its last click."""
    found: dict[str, ClickSpan] = {}
    for row in rows:
        if row.counts_as == "person" and row.visitor is not None:
            former = found.get(row.visitor, ClickSpan(row.id, row.id))
            found[row.visitor] = ClickSpan(min(former.first_id, row.id), max(former.last_id, row.id))
    return found


def hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
