"""Where the link cache reads links, and whether anything may have changed since it looked last.

The poller of each process looks every second, forever. On SQLite it first asks for the number that changes
with each commit of another connection (PRAGMA data_version), and reads nothing if it is the same.
"""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Engine

from config.database import read_connection, read_session
from tracker.programs.links.changes import LinkChanges, changes_since, link_version
from tracker.programs.links.domains import Domain, known_domains
from tracker.programs.links.operations import LinkLookup, lookup_link


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


@dataclass(frozen=True)
class LinkSource:
    """Where links are read; tests pass one that fails."""

    read: Callable[[str], LinkLookup]
    changes: Callable[[int], LinkChanges]
    domains: Callable[[], Mapping[str, Domain]] = dict
    watch: Callable[[], Watch] = NoWatch


def link_source(engine: Engine) -> LinkSource:
    def read(code: str) -> LinkLookup:
        with read_connection(engine) as connection:
            return lookup_link(connection, code)

    def changes(seen: int) -> LinkChanges:
        with read_connection(engine) as connection:
            if link_version(connection) == seen:
                return LinkChanges(seen, {})
        with read_session(engine) as session:
            return changes_since(session, seen)

    def domains() -> Mapping[str, Domain]:
        with read_connection(engine) as connection:
            return known_domains(connection)

    def watch() -> Watch:
        return CommitWatch(engine) if engine.dialect.name == "sqlite" else NoWatch()

    return LinkSource(read, changes, domains, watch)
