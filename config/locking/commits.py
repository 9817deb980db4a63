"""Whether anything was committed since somebody looked last, for processes that look again and again.

SQLite has a number that changes with each commit of another connection (PRAGMA data_version). PostgreSQL has
none, so there anything may have changed.
"""

import sqlite3
from contextlib import suppress
from typing import Protocol

from sqlalchemy import Engine


class Watch(Protocol):
    """Used by one thread."""

    def has_changed(self) -> bool:
        """False when nothing was committed since the last call. Raises the database's errors."""

    def close(self) -> None: ...


class NoWatch:
    """Anything may have changed."""

    def has_changed(self) -> bool:
        return True

    def close(self) -> None:
        return


class CommitWatch:
    """The watch of an SQLite file, on a connection of its own: the number is compared for one connection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: sqlite3.Connection | None = None
        self._seen: int | None = None

    def has_changed(self) -> bool:
        try:
            seen = self._data_version()
        except sqlite3.Error:
            self.close()
            return True  # the queries that follow report what is wrong
        before, self._seen = self._seen, seen
        return seen != before

    def close(self) -> None:
        connection, self._connection, self._seen = self._connection, None, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _data_version(self) -> int:
        if self._connection is None:
            # The engine sets the pragmas; detached, the connection no longer belongs to its pool.
            pooled = self._engine.raw_connection()
            connection = pooled.driver_connection
            pooled.detach()
            assert isinstance(connection, sqlite3.Connection)
            self._connection = connection
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])


def commit_watch(engine: Engine) -> Watch:
    return CommitWatch(engine) if engine.dialect.name == "sqlite" else NoWatch()
