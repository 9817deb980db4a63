"""Keeps the totals of sales up to date, in many short transactions.

New rows, late rows and the remains of a crashed run are found by one comparison: how many rows were recorded
in a time, and how many of them the totals take into account. The totals of the days that these rows are about
are computed again. Every step writes absolute values, not increments, so it can be repeated.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Engine

from config.database import read_session
from payouts.rollups import recorded
from payouts.rollups.day_totals import day_totals
from payouts.rollups.recorded import SLOT, TouchedDay, slot_of
from payouts.rollups.write_totals import write_day, write_slots
from tracker.people.accounts.brand_rules import BrandRules
from tracker.people.accounts.days import day_of
from tracker.people.accounts.rules_versions import load_rules

ROWS_PER_READ = 5_000
ROWS_PER_WRITE = 500


class SalesCount:
    """`write` runs an operation in its own transaction, and raises when another process has taken over."""

    def __init__(self, engine: Engine, write: Callable[[Callable[..., Any]], Any]) -> None:
        self._engine, self._write = engine, write
        self._rules: dict[str, BrandRules] = {}

    def count(self, since: datetime, until: datetime) -> int:
        """Compute the totals of every day about which rows were recorded in that time. Returns how many days.

        Times are those of the ids: when rows were recorded, whatever the day of the sale.
        """
        rows: dict[datetime, int] = {}
        days: set[tuple[str, str]] = set()
        for start, end in self._changed_spans(slot_of(since), slot_of(until) + SLOT):
            with read_session(self._engine) as session:
                changed = recorded.changed_slots(session, start, end)
            rows |= {slot: found.rows for slot, found in changed.items()}
            days |= {self._day(each) for found in changed.values() for each in found.touched}
        for brand_id, day in sorted(days):
            self._count_day(brand_id, day)
        counted = [{"starts_at": slot, "counted": number} for slot, number in sorted(rows.items())]
        for first in range(0, len(counted), ROWS_PER_WRITE):
            self._write(partial(write_slots, rows=counted[first : first + ROWS_PER_WRITE]))
        return len(days)

    def count_new(self, since: datetime, until: datetime) -> int:
        """The same, and also since the newest row that was counted: no scheduler may have run for long."""
        with read_session(self._engine) as session:
            newest = recorded.latest_counted_slot(session)
        return self.count(min(since, newest), until)

    def _changed_spans(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Changed spans with few rows, oldest first, found by bisection instead of checking every slot."""
        with read_session(self._engine) as session:
            rows = recorded.rows_between(session, start, end)
            changed = rows != recorded.counted_between(session, start, end)
        if not changed:
            return
        if rows <= ROWS_PER_READ or end - start <= SLOT:
            yield start, end
            return
        middle = slot_of(start + (end - start) / 2)
        yield from self._changed_spans(start, middle)
        yield from self._changed_spans(middle, end)

    def _day(self, touched: TouchedDay) -> tuple[str, str]:
        return touched.brand_id, day_of(self._rules_of(touched.brand_id), touched.occurred_at)

    def _count_day(self, brand_id: str, day: str) -> None:
        with read_session(self._engine) as session:
            computed = day_totals(session, brand_id, self._rules_of(brand_id), day)
        limit = ROWS_PER_WRITE
        while self._write(partial(write_day, computed=computed, limit=limit)) == limit:
            pass

    def _rules_of(self, brand_id: str) -> BrandRules:
        if brand_id not in self._rules:
            with read_session(self._engine) as session:
                self._rules[brand_id] = load_rules(session, brand_id)
        return self._rules[brand_id]
