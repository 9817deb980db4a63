"""Writing a batch of clicks in one commit that is on the disk when `write` returns."""

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
    """JSON in its canonical form."""
    country: str | None = None
    visitor: str | None = None
    visitor_before: str | None = None
    network: str | None = None


# A click may come twice, over two ways; the first counts.
_SQLITE_INSERT = """
    INSERT INTO click (id, link_id, verdict, reason, device, referrer_host, sub_ids,
                       country, visitor, visitor_before, network)
    VALUES """
_SQLITE_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
NULL = "NULL"
MAX_ROWS_PER_STATEMENT = 1024
"""In one statement: SQLite takes 32,766 parameters."""
_POSTGRES = b"""
    INSERT INTO click (id, link_id, verdict, reason, device, referrer_host, sub_ids,
                       country, visitor, visitor_before, network)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                         $8::text[], $9::text[], $10::text[], $11::text[])
    ON CONFLICT DO NOTHING
"""
_PREPARED = b"clicks"
_REFUSALS = (b"22", b"23")
"""Classes of what PostgreSQL says of a row: wrong data, a broken constraint (its manual, appendix A)."""


class BatchWriter(Protocol):
    """A connection that is used by one thread of one process."""

    def write_lock(self) -> AbstractContextManager[None]:
        """Wait for the write lock. Everything pending by then goes into one commit."""

    def write(self, clicks: Sequence[NewClick]) -> None:
        """Returns when the clicks are committed and synced. After any error the writer is useless.

        Raises RowRefused when the database will never take one of them, else what the driver raises.
        """

    def close(self) -> None: ...

    def abandon(self) -> None:
        """In a forked child: let go of what the child must not hold, and touch nothing that is shared."""


OpenWriter = Callable[[str], BatchWriter]


def encode_sub_ids(sub_ids: Mapping[str, str]) -> str | None:
    return _as_json(tuple(sub_ids.items())) if sub_ids else None


@lru_cache(maxsize=4096)
def _as_json(sub_ids: tuple[tuple[str, str], ...]) -> str:
    """Most clicks on a link bring its own labels, again and again."""
    return canonical_json(dict(sub_ids))


def open_writer(clicks_url: str) -> BatchWriter:
    """Connect to the database of clicks. Raises what the driver raises."""
    if clicks_url.startswith("sqlite"):
        path = Path(make_url(clicks_url).database or "")
        # From the engine, which sets the pragmas, but ours alone from then on.
        pooled = make_engine(clicks_url).raw_connection()
        connection = pooled.driver_connection
        pooled.detach()
        return SqliteWriter(connection, path.with_suffix(".lock"))
    return PostgresWriter(clicks_url)


class SqliteWriter:
    """A lock file orders the processes: SQLite's own waiting sleeps, and some writers would starve."""

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
        """A statement is a transaction by itself, which takes the lock to write before it reads, as BEGIN
        IMMEDIATE would. Between statements the interpreter would go to the redirects each time.
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
        """The lock only: a child's copy would keep it locked if the parent died with it in hand."""
        os.close(self._lock)


def _insert_statement(clicks: Sequence[NewClick]) -> tuple[str, list[Any]]:
    """All rows in one statement: `executemany` gives up the interpreter once for each row, and on a busy
    core that waits for the redirects each time. Its sizes are powers of two, so that few are prepared; a
    row that comes twice changes nothing.
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


def _text_array(texts: Sequence[str | None]) -> str:
    """As PostgreSQL's manual has it (8.15.2): in a tenth of the time that the driver takes for lists."""
    return "{" + ",".join([NULL if each is None else _quote(each) for each in texts]) + "}"


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class PostgresWriter:
    """One statement for the whole batch: it needs no transaction of its own, and no second round trip.

    Sent by libpq's own call: the driver's takes twice the time, and gives up the interpreter four times.
    """

    def __init__(self, clicks_url: str) -> None:
        address = make_url(clicks_url).set(drivername="postgresql").render_as_string(hide_password=False)
        # The driver by way of SQLAlchemy, which imports it when it is used: that takes a tenth of a second,
        # and nobody with SQLite needs it.
        self._driver = make_url(clicks_url).get_dialect().import_dbapi()
        options = POSTGRESQL_CONNECTION | {"client_encoding": "UTF8"}
        self._connection: Any = self._driver.connect(address, autocommit=True, **options)
        self._connection.execute("SET synchronous_commit TO on")
        self._pgconn = self._connection.pgconn
        self._check_result(self._pgconn.prepare(_PREPARED, _POSTGRES))

    def write_lock(self) -> AbstractContextManager[None]:
        return nullcontext()

    def write(self, clicks: Sequence[NewClick]) -> None:
        ids, link_ids, *texts = zip(*clicks, strict=True)
        columns = [_uuid_array(ids), _uuid_array(link_ids), *map(_text_array, texts)]
        self._check_result(self._pgconn.exec_prepared(_PREPARED, [column.encode() for column in columns]))

    def _check_result(self, result: Any) -> None:
        if result.status != self._driver.pq.ExecStatus.COMMAND_OK:
            state = result.error_field(self._driver.pq.DiagnosticField.SQLSTATE) or b""
            error = RowRejected if state.startswith(_REFUSALS) else self._driver.OperationalError
            raise error(f"SQLSTATE {state.decode() or 'none'}")

    def close(self) -> None:
        self._connection.close()

    def abandon(self) -> None:
        """Nothing: closing would end the parent's session on the shared socket."""
