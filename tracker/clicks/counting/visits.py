"""Which clicks of an hour are visits: no repeats within 24 hours, no floods. Pure.

Depends only on the rows in the order of their ids, so that the order of arrival does not matter. A repeat or
flood click still has a token that earns; only the number of visits excludes it.
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
"""Visitors per hour, network and link; a mobile operator may have that many behind one address."""

COLUMN_BY_VERDICT = {
    "person": "persons",
    "unconfirmed": "unconfirmed",
    "crawler": "crawlers",
    "preview": "previews",
    "prefetch": "prefetches",
    "embedded": "embedded",
    "head": "heads",
}
"""By verdict: the column that counts it, except for a person's click with a doubt."""
COLUMN_BY_DOUBT = {"repeat": "repeats", "flood": "floods"}
TOTAL_COLUMNS = (*COLUMN_BY_VERDICT.values(), *COLUMN_BY_DOUBT.values())


class Row(NamedTuple):
    """The columns of a click that counting reads."""

    id: UUID
    link_id: UUID
    verdict: str
    visitor: str | None
    visitor_before: str | None
    network: str | None
    confirmed: bool = False
    """A prerendered page that was shown."""

    @property
    def counts_as(self) -> str:
        return "person" if self.confirmed else self.verdict


class ClickSpan(NamedTuple):
    """The first and the last click with one visitor hash; all are of one day."""

    first_id: UUID
    last_id: UUID


class Doubt(NamedTuple):
    """Why a person's click is not counted as a visit. `reason` is stored."""

    kind: str
    reason: str


REPEAT = Doubt("repeat", "the same visitor opened the link within the 24 hours before")
FLOOD = Doubt("flood", f"more than {FLOOD_PER_HOUR} visitors within the hour from one network")


@dataclass
class HourCount:
    """Counts the clicks of one hour, given in the order of their ids, a page at a time.

    `rows` is the number of clicks plus confirmations; when it changes, the hour is recounted.
    """

    rows: int = 0
    totals: dict[UUID, Counter[str]] = field(default_factory=dict)
    _from_network: Counter[str] = field(default_factory=Counter)

    def add(self, rows: Iterable[Row], spans: Mapping[str, ClickSpan]) -> dict[UUID, Doubt]:
        """Count a page. Returns the doubts about its clicks by click id.

        `spans` has every visitor hash of the page, with clicks of other pages and hours.
        """
        doubts = {}
        for row in rows:
            doubt = self._doubt(row, spans) if row.counts_as == "person" else None
            if doubt is not None:
                doubts[row.id] = doubt
            column = COLUMN_BY_DOUBT[doubt.kind] if doubt else COLUMN_BY_VERDICT[row.counts_as]
            self.totals.setdefault(row.link_id, Counter())[column] += 1
            self.rows += 1 + row.confirmed
        return doubts

    def _doubt(self, row: Row, spans: Mapping[str, ClickSpan]) -> Doubt | None:
        if _is_repeat(row, spans):
            return REPEAT
        if row.network is None:
            return None
        self._from_network[row.network] += 1
        return FLOOD if self._from_network[row.network] > FLOOD_PER_HOUR else None


def _is_repeat(row: Row, spans: Mapping[str, ClickSpan]) -> bool:
    """A visitor hash is of one day, so an earlier click with it is less than 24 hours old."""
    if row.visitor is None:
        return False
    if spans[row.visitor].first_id < row.id:
        return True
    before = spans.get(row.visitor_before) if row.visitor_before is not None else None
    return before is not None and uuid_time(row.id) - uuid_time(before.last_id) < REPEAT_WITHIN


def visitor_spans(rows: Iterable[Row]) -> dict[str, ClickSpan]:
    """The visitor hashes of people in a page, each with its first and last click."""
    found: dict[str, ClickSpan] = {}
    for row in rows:
        if row.counts_as == "person" and row.visitor is not None:
            former = found.get(row.visitor, ClickSpan(row.id, row.id))
            found[row.visitor] = ClickSpan(min(former.first_id, row.id), max(former.last_id, row.id))
    return found


def hour_of(at: datetime) -> datetime:
    """The full hour that contains this time."""
    return at.replace(minute=0, second=0, microsecond=0)
