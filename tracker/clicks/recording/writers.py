"""Writers of clicks: a batch is one commit, which is on disk when `write` returns."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import make_url

from config.canonical import canonical_json
from config.database import POSTGRESQL_CONNECTION, make_engine


class RowRejected(Exception):
    """The database rejected a row permanently. The cause is the driver's error."""


class NewClick(NamedTuple):
    """One row of the table of clicks; the fields have the names and the order of its columns."""

    id: UUID
    link_id: UUID
    verdict: str
    reason: str
    device: str
    referrer_host: str | None
    sub_ids: str | None
    """Canonical JSON."""
    country: str | None = None
    visitor: str | None = None
    visitor_before: str | None = None
    network: str | None = None


# A click may arrive twice, from the committer and from a spool; the second is ignored.
_SQLITE_INSERT = """
    INSERT INTO click (id, link_id, verdict, reason, device, referrer_host, sub_ids,
                       country, visitor, visitor_before, network)
    VALUES """
_SQLITE_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
NULL = "NULL"
MAX_ROWS_PER_STATEMENT = 1024
"""SQLite allows 32,766 parameters in one statement."""
_POSTGRES = b"""
    INSERT INTO click (id, link_id, verdict, reason, device, referrer_host, sub_ids,
                       country, visitor, visitor_before, network)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                         $8::text[], $9::text[], $10::text[], $11::text[])
    ON CONFLICT DO NOTHING
"""
_PREPARED = b"clicks"
_REJECTION_CLASSES = (b"22", b"23")
"""SQLSTATE classes about a row: data exception, constraint violation (PostgreSQL manual, appendix A)."""


class BatchWriter(Protocol):
    """A connection that is used by one thread of one process."""

    def write_lock(self) -> AbstractContextManager[None]:
        """Wait for the write lock. Everything pending by then goes into one commit."""

    def write(self, clicks: Sequence[NewClick]) -> None:
        """Returns when the clicks are committed and synced. After an error the writer cannot be used again.

        Raises RowRejected when the database rejects a row permanently, else the driver's errors.
        """

    def close(self) -> None: ...

    def abandon(self) -> None:
        """In a forked child: release what it must not hold, and touch nothing shared with the parent."""


OpenWriter = Callable[[str], BatchWriter]


def encode_sub_ids(sub_ids: Mapping[str, str]) -> str | None:
    return _to_json(tuple(sub_ids.items())) if sub_ids else None


@lru_cache(maxsize=4096)
def _to_json(sub_ids: tuple[tuple[str, str], ...]) -> str:
    """Cached, because most clicks on a link have the same sub-ids."""
    return canonical_json(dict(sub_ids))


def open_writer(clicks_url: str) -> BatchWriter:
    """Connect to the click database. Raises the driver's errors."""
    if clicks_url.startswith("sqlite"):
        path = Path(make_url(clicks_url).database or "")
        # The engine sets the pragmas; detached, the connection no longer belongs to its pool.
        pooled = make_engine(clicks_url).raw_connection()
        connection = pooled.driver_connection
        pooled.detach()
        return SqliteWriter(connection, path.with_suffix(".lock"))
    return PostgresWriter(clicks_url)


class SqliteWriter:
    """Processes wait at a lock file: SQLite's own busy handler sleeps, and some writers would starve."""

    def __init__(self, connection: Any, lock_path: Path) -> None:
        self._connection: sqlite3.Connection = connection
        self._lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextmanager
    def write_lock(self) -> Iterator[None]:
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def write(self, clicks: Sequence[NewClick]) -> None:
        """Without BEGIN: each statement is a transaction that takes the write lock before it reads, as BEGIN
        IMMEDIATE would. More statements would give up the GIL to the redirects more often.
        """
        try:
            for start in range(0, len(clicks), MAX_ROWS_PER_STATEMENT):
                self._connection.execute(*_insert_statement(clicks[start : start + MAX_ROWS_PER_STATEMENT]))
        except (sqlite3.IntegrityError, sqlite3.DataError) as error:
            raise RowRejected(type(error).__name__) from error

    def close(self) -> None:
        os.close(self._lock)
        self._connection.close()

    def abandon(self) -> None:
        """Close only the lock file: the child's copy would keep the lock if the parent died with it."""
        os.close(self._lock)


def _insert_statement(clicks: Sequence[NewClick]) -> tuple[str, list[Any]]:
    """One statement for all rows: `executemany` gives up the GIL for each row, and on a busy core then waits
    for the redirects each time. The number of rows is rounded up to a power of two, so that few statements
    are prepared; the last row is repeated, which changes nothing.
    """
    size = 1 << (len(clicks) - 1).bit_length()
    values: list[Any] = []
    for click in clicks:
        values += (click.id.bytes, click.link_id.bytes, *click[2:])
    last = values[-len(NewClick._fields) :]
    values += last * (size - len(clicks))
    return _sqlite_insert(size), values


@cache
def _sqlite_insert(size: int) -> str:
    return f"{_SQLITE_INSERT}{', '.join([_SQLITE_ROW] * size)} ON CONFLICT DO NOTHING"


def _uuid_array(uuids: Sequence[UUID]) -> str:
    return "{" + ",".join([each.hex for each in uuids]) + "}"


def _text_array(values: Sequence[str | None]) -> str:
    """An array literal (PostgreSQL manual, 8.15.2): takes a tenth of the driver's time for lists."""
    return "{" + ",".join([NULL if each is None else _quote(each) for each in values]) + "}"


def _quote(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


class PostgresWriter:
    """One statement for the whole batch: no explicit transaction, one round trip.

    Sent with libpq's own call: the driver's takes twice the time and gives up the GIL four times.
    """

    def __init__(self, clicks_url: str) -> None:
        address = make_url(clicks_url).set(drivername="postgresql").render_as_string(hide_password=False)
        # Imported only here, through SQLAlchemy: the import takes a tenth of a second, and SQLite
        # installations do not need it.
        self._driver = make_url(clicks_url).get_dialect().import_dbapi()
        options = POSTGRESQL_CONNECTION | {"client_encoding": "UTF8"}
        self._connection: Any = self._driver.connect(address, autocommit=True, **options)
        self._connection.execute("SET synchronous_commit TO on")
        self._pgconn = self._connection.pgconn
        self._check_result(self._pgconn.prepare(_PREPARED, _POSTGRES))

    def write_lock(self) -> AbstractContextManager[None]:
        return nullcontext()

    def write(self, clicks: Sequence[NewClick]) -> None:
        ids, link_ids, *other_columns = zip(*clicks, strict=True)
        columns = [_uuid_array(ids), _uuid_array(link_ids), *map(_text_array, other_columns)]
        self._check_result(self._pgconn.exec_prepared(_PREPARED, [column.encode() for column in columns]))

    def _check_result(self, result: Any) -> None:
        if result.status != self._driver.pq.ExecStatus.COMMAND_OK:
            state = result.error_field(self._driver.pq.DiagnosticField.SQLSTATE) or b""
            error = RowRejected if state.startswith(_REJECTION_CLASSES) else self._driver.OperationalError
            raise error(f"SQLSTATE {state.decode() or 'none'}")

    def close(self) -> None:
        self._connection.close()

    def abandon(self) -> None:
        """Does nothing: closing would end the parent's session on the shared socket."""
