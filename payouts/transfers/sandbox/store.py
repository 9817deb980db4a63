"""The sandbox's state: one SQLite file, shared by every process that serves it."""

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

_BUSY_TIMEOUT_S = 30.0

_SCHEMA = """
create table if not exists setting (name text primary key, value integer not null) strict;
create table if not exists account (
    seq integer primary key autoincrement, id text not null unique, created integer not null,
    given text not null, transfers_status text not null
) strict;
create table if not exists account_link (
    token text primary key, account_id text not null, created integer not null, expires integer not null,
    return_url text not null, refresh_url text not null, form_token text unique, used integer not null
) strict;
create table if not exists transfer (
    seq integer primary key autoincrement, id text not null unique, created integer not null,
    amount integer not null check (amount > 0), currency text not null, destination text not null,
    transfer_group text, description text, metadata text not null, source_type text not null,
    movement_id text not null, payment_id text not null
) strict;
create table if not exists reversal (
    seq integer primary key autoincrement, id text not null unique, created integer not null,
    transfer_id text not null, amount integer not null check (amount > 0), currency text not null,
    metadata text not null, movement_id text not null
) strict;
create table if not exists movement (
    seq integer primary key autoincrement, id text not null unique, created integer not null,
    account_id text not null, amount integer not null, currency text not null, type text not null,
    source text, description text
) strict;
create table if not exists event (
    seq integer primary key autoincrement, id text not null unique, created integer not null,
    type text not null, body text not null, delivered integer not null
) strict;
create table if not exists dispute (
    id text primary key, created integer not null, amount integer not null check (amount > 0),
    currency text not null, charge text not null, payment_intent text, status text not null
) strict;
create table if not exists idempotency (
    version text not null, account_id text not null, key text not null, fingerprint text not null,
    created integer not null, owner text not null, lease_until real not null,
    status integer, body text, request_id text, primary key (version, account_id, key)
) strict;
create table if not exists fault (
    seq integer primary key autoincrement, match text not null, kind text not null, moment text not null,
    times integer not null, seconds real not null, sticky integer not null
) strict;
create table if not exists request (
    seq integer primary key autoincrement, id text not null unique, created integer not null,
    method text not null, path text not null, parameters text not null, headers text not null,
    fault text, status integer, body text, replayed integer not null default 0
) strict;
"""


class Store:
    """Opens one connection per transaction, so that threads and processes share only the file.

    path: None for a temporary file, which `close` removes. clock: seconds since 1970; the offset that
    `advance` adds is in the file, so that all processes agree on the time.
    """

    def __init__(self, path: Path | str | None = None, clock: Callable[[], float] = time.time) -> None:
        self._temporary = path is None
        self.path = _temporary_file() if path is None else Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        with closing(self._open()) as connection:
            _switch_to_wal(connection)
            connection.executescript(f"begin immediate; {_SCHEMA} commit;")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A read transaction: one consistent view of the state."""
        with closing(self._open()) as connection:
            connection.execute("begin")
            yield connection
            connection.execute("rollback")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """An exclusive write transaction; committed unless an exception is raised."""
        with closing(self._open()) as connection:
            connection.execute("begin immediate")
            try:
                yield connection
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")

    def now(self, connection: sqlite3.Connection) -> int:
        """The sandbox's time, in whole seconds since 1970."""
        row = connection.execute("select value from setting where name = 'clock_offset_s'").fetchone()
        return int(self._clock()) + (row["value"] if row else 0)

    def advance(self, seconds: int) -> int:
        """Move the clock forward; returns the new time."""
        with self.write() as connection:
            connection.execute(
                "insert into setting values ('clock_offset_s', ?)"
                " on conflict (name) do update set value = value + excluded.value",
                (seconds,),
            )
            return self.now(connection)

    def close(self) -> None:
        if self._temporary:
            for suffix in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    Path(f"{self.path}{suffix}").unlink()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        connection.row_factory = sqlite3.Row
        # A power cut may lose the last transactions of play money; a crash of a process loses nothing.
        connection.execute("pragma synchronous = normal")
        return connection


def _temporary_file() -> Path:
    handle, name = tempfile.mkstemp(prefix="linkledger-sandbox-", suffix=".db")
    os.close(handle)
    return Path(name)


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """The busy timeout does not cover this statement, and several processes may start at once."""
    deadline = time.monotonic() + _BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
