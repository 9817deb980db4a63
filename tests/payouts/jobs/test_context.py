"""Steps of jobs run in batches that are bounded by time, and lock only where something is due."""

import time
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from config.database import Databases, transact
from config.locking.batch_size import FIRST_ROWS, LOCK_S
from config.settings import Settings
from payouts.jobs.claims import claim
from payouts.jobs.context import JobContext
from payouts.transfers.sending.run import running_clock
from tests.cast.books import Books


class Work:
    """Rows of each brand that wait for a step; records which batches were asked for."""

    def __init__(self, left: dict[str, int], seconds_per_row: float = 0.0) -> None:
        self.left, self.batches = left, list[tuple[str, int]]()
        self._seconds_per_row = seconds_per_row

    def step(self, _session: Session, _now: datetime, limit: int, *, brand_id: str) -> int:
        self.batches.append((brand_id, limit))
        done = min(limit, self.left.get(brand_id, 0))
        self.left[brand_id] = self.left.get(brand_id, 0) - done
        time.sleep(done * self._seconds_per_row)
        return done

    def due(self, _session: Session) -> list[str]:
        return [brand_id for brand_id, rows in self.left.items() if rows]


@pytest.fixture
def much_time(monkeypatch: pytest.MonkeyPatch, database_kind: str) -> None:
    """No batch takes too long, however slow the machine is."""
    monkeypatch.setitem(LOCK_S, database_kind, 3600.0)


@pytest.fixture
def context(databases: Databases, settings: Settings, now: datetime) -> JobContext:
    own_claim = transact(databases.main, lambda s: claim(s, now, "job", "10:00"))
    assert own_claim is not None
    return JobContext(databases, settings, now, own_claim, running_clock(now))


@pytest.mark.usefixtures("much_time")
def test_only_brands_with_something_due_are_locked(context: JobContext) -> None:
    work = Work({"a": 3, "b": 0, "c": FIRST_ROWS + 1})
    done = context.run_in_batches(work.step, 1_000, work.due)
    assert done.results == {"a": 3, "c": FIRST_ROWS + 1}
    assert [brand_id for brand_id, _ in work.batches] == ["a", "c", "c"]


def test_without_a_read_of_what_is_due_every_brand_is_tried_until_nothing_is_left(
    books: Books, context: JobContext
) -> None:
    work = Work({books.brand_id: 3})
    context.run_in_batches(work.step, 1_000)
    assert [brand_id for brand_id, _ in work.batches] == [books.brand_id] * 2


def test_a_step_that_does_nothing_ends_although_something_seems_due(context: JobContext) -> None:
    work = Work({"a": 0})
    assert context.repeat(work.step, 1_000, "a", lambda _: ["a"]) == 0
    assert len(work.batches) == 1


def test_batches_of_a_slow_step_become_smaller_and_stay_small_for_the_next_brand(
    context: JobContext, database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LOCK_S, database_kind, 0.05)
    work = Work({"a": 2 * FIRST_ROWS, "b": 1}, seconds_per_row=0.01)
    context.run_in_batches(work.step, 1_000, work.due)
    limits = [limit for _, limit in work.batches]
    assert limits[0] == FIRST_ROWS
    assert max(limits[1:]) < FIRST_ROWS


@pytest.mark.usefixtures("much_time")
def test_batches_of_a_fast_step_grow_until_the_limit(context: JobContext) -> None:
    work = Work({"a": 10 * FIRST_ROWS})
    assert context.repeat(work.step, 3 * FIRST_ROWS, "a") == 10 * FIRST_ROWS
    limits = [limit for _, limit in work.batches]
    assert (limits[0], max(limits)) == (FIRST_ROWS, 3 * FIRST_ROWS)
