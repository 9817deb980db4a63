"""Computes hourly totals and prunes clicks, in many short transactions on the click database.

New clicks, late clicks and the remains of a crashed run are found by one comparison: how many rows an hour
has, and from how many its totals were computed. Every step writes absolute values, not increments, so it can
be repeated.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tracker.clicks.counting import hourly_totals as totals
from tracker.clicks.counting import partitions, pruning
from tracker.clicks.counting import small_spans as totals_of_few
from tracker.clicks.counting.hourly_totals import HOUR
from tracker.clicks.counting.transactions import Result, read_clicks, write_clicks
from tracker.clicks.counting.visits import HourCount, hour_of

DAY = timedelta(days=1)
BATCH_SIZE = 500
"""Number of links or clicks in one transaction."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def no_lease_check() -> None:
    """For a caller without concurrent runs."""


class TotalsRun:
    """`check_lease` is called before each hour, and raises when another process has taken over."""

    def __init__(self, clicks: Engine, check_lease: Callable[[], object] = no_lease_check) -> None:
        self._clicks, self._check_lease = clicks, check_lease

    def count(self, since: datetime, until: datetime) -> int:
        """Compute the totals of every changed hour of that time. Returns how many hours were counted."""
        counted = 0
        for start, end in self._changed_days(hour_of(since), hour_of(until) + HOUR):
            self._check_lease()
            few = self._write(partial(totals_of_few.count_small_span, start=start, end=end))
            counted += sum(map(self._count_if_changed, self._hours(start, end))) if few is None else few
        return counted

    def confirm(self, click_ids: Sequence[UUID], reason: str) -> int:
        """See hourly_totals.confirm. The next count recounts the hours of new confirmations."""
        return sum(
            self._write(
                partial(totals.confirm, click_ids=click_ids[start : start + BATCH_SIZE], reason=reason)
            )
            for start in range(0, len(click_ids), BATCH_SIZE)
        )

    def prune(self, before: datetime) -> dict[str, int]:
        """Delete clicks from before that hour, after computing totals that are missing or out of date."""
        end = hour_of(before)
        for hour in self._hours(EPOCH, end):
            if not self._read(partial(totals.is_closed, hour=hour)):
                self._count_if_changed(hour)
                self._write(partial(pruning.close_hour, hour=hour))
        removed = self._remove_clicks(end)
        self._repeat_until_done(partial(pruning.delete_doubts, before=end))
        self._repeat_until_done(partial(pruning.delete_confirmations, before=end))
        self._repeat_until_done(partial(pruning.delete_visitors, before=end - DAY))
        return removed

    def _changed_days(self, since: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Changed spans of at most a day, oldest first, found by bisection instead of checking every day."""
        start = self._read(partial(totals.next_hour, start=since))
        if start is None or start >= end or not self._is_changed(start, end):
            return
        if end - start <= DAY:
            yield start, end
            return
        middle = hour_of(start + (end - start) / 2)
        yield from self._changed_days(start, middle)
        yield from self._changed_days(middle, end)

    def _hours(self, start: datetime, end: datetime) -> Iterator[datetime]:
        return (hour for hour, _ in self._spans(start, end, HOUR))

    def _spans(
        self, start: datetime, end: datetime, length: timedelta
    ) -> Iterator[tuple[datetime, datetime]]:
        """Spans of whole hours that begin with a click, oldest first. Hours without clicks are skipped."""
        while (first := self._read(partial(totals.next_hour, start=start))) is not None and first < end:
            start = min(first + length, end)
            yield first, start

    def _count_if_changed(self, hour: datetime) -> bool:
        if self._read(partial(totals.is_closed, hour=hour)):
            return False
        before = self._read(partial(totals.span_count, start=hour, end=hour + HOUR))
        changed = before.rows != self._rows(hour, hour + HOUR, before.rows)
        if changed or before.stale:
            self._check_lease()
            self._count_hour(hour, changed=changed)
        return changed or before.stale

    def _is_changed(self, start: datetime, end: datetime) -> bool:
        """Compares a whole span at once, because nearly all hours are unchanged."""
        before = self._read(partial(totals.span_count, start=start, end=end))
        return before.stale or before.rows != self._rows(start, end, before.rows)

    def _rows(self, start: datetime, end: datetime, expected: int) -> int:
        return sum(self._rows_between(*part) for part in totals.slices(start, end, expected))

    def _rows_between(self, start: datetime, end: datetime) -> int:
        return self._read(partial(totals.rows_between, start=start, end=end))

    def _count_hour(self, hour: datetime, *, changed: bool) -> None:
        count = HourCount()
        after: UUID | None = None
        while (page := self._write(partial(totals.read_page, hour=hour, after=after))).rows:
            after = page.rows[-1].id
            doubts = count.add(page.rows, page.spans)
            self._write(partial(totals.write_doubts, rows=page.rows, doubts=doubts))
        by_link = [(hour, *total) for total in sorted(count.totals.items())]
        for start in range(0, len(by_link), BATCH_SIZE):
            self._write(partial(totals.write_totals, totals=by_link[start : start + BATCH_SIZE]))
        row_counts, changed_hours = {hour: count.rows}, [hour] if changed else []
        self._write(partial(totals.finish_hours, row_counts=row_counts, changed=changed_hours))

    def _remove_clicks(self, end: datetime) -> dict[str, int]:
        if not self._read(partitions.is_partitioned):
            return {"clicks": self._repeat_until_done(partial(pruning.delete_clicks, before=end))}
        old = self._read(partial(partitions.old_partitions, before=end))
        for name in old:
            self._write(partial(partitions.drop_partition, name=name))
        outside = partial(partitions.delete_from_default, before=end, max_rows=pruning.BATCH_ROWS)
        return {"partitions": len(old), "clicks": self._repeat_until_done(outside)}

    def _repeat_until_done(self, step: Callable[[Session], int]) -> int:
        total = 0
        while done := self._write(step):
            total += done
            self._check_lease()
        return total

    def _read(self, work: Callable[[Session], Result]) -> Result:
        return read_clicks(self._clicks, work)

    def _write(self, work: Callable[[Session], Result]) -> Result:
        return write_clicks(self._clicks, work)
