"""Clicks to record, and writers that a test can block at the write lock and whose commits it can count."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select

from config.database import Databases
from tracker.clicks.models import Click
from tracker.clicks.recording.writers import BatchWriter, NewClick, open_writer
from tracker.ids import new_uuid

NOW = datetime(2026, 10, 1, 10, 0, tzinfo=UTC)
LINK = UUID("01a0f6e8-157b-7def-8fed-cba987654321")
DEADLINE_S = 20
"""Long, because the tests check results, not speed."""


def make_click() -> NewClick:
    visitor_columns = ("DE", "today", None, "net")
    return NewClick(
        new_uuid(NOW), LINK, "person", "a test", "phone", "blog.example", '{"s1":"bio"}', *visitor_columns
    )


def stored_ids(databases: Databases) -> list[UUID]:
    with databases.clicks.connect() as connection:
        return list(connection.scalars(select(Click.id)))


class BlockedWriters:
    """Opens real writers that wait with the write lock until `released` is set.

    `batches` has the size of each commit.
    """

    def __init__(self, *, blocked: bool) -> None:
        self.released = threading.Event()
        self.at_lock = threading.Event()
        self.batches: list[int] = []
        self.opened = 0
        if not blocked:
            self.released.set()

    def open(self, clicks_url: str) -> BatchWriter:
        self.opened += 1
        return _BlockedWriter(open_writer(clicks_url), self)


class _BlockedWriter:
    def __init__(self, real: BatchWriter, owner: BlockedWriters) -> None:
        self._real, self._owner = real, owner

    def write_lock(self) -> AbstractContextManager[None]:
        return self._blocked()

    @contextmanager
    def _blocked(self) -> Iterator[None]:
        with self._real.write_lock():
            self._owner.at_lock.set()
            assert self._owner.released.wait(DEADLINE_S)
            yield

    def write(self, clicks: Sequence[NewClick]) -> None:
        self._real.write(clicks)
        self._owner.batches.append(len(clicks))

    def close(self) -> None:
        self._real.close()

    def abandon(self) -> None:
        self._real.abandon()
