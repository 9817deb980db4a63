"""Engines, transactions and the base classes of tables, for SQLite and PostgreSQL alike."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine, MetaData, Text, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session

from config.columns import BigInt, Bytes, Flag, UtcTime, Uuid16
from config.locking.turns import Turn, turn_at
from config.settings import Settings

Result = TypeVar("Result")

SQLITE_BUSY_TIMEOUT_S = 15
WAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024
POSTGRESQL_CONNECTION: Final[dict[str, Any]] = {
    "connect_timeout": 3,
    # Without these timeouts a query waits 15 minutes for a server that has disappeared.
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
}
MAX_ATTEMPTS = 8
INITIAL_BACKOFF_S = 0.01
_READ_ONLY = "linkledger_read_only"
_TURN = "linkledger_turn"

# Serialization failure and deadlock: the whole transaction can be retried (PostgreSQL manual, appendix A).
_RETRYABLE_STATES = {"40001", "40P01"}
_PRIMARY_CODE_MASK = 0xFF
"""The lowest byte of an extended result code is the primary one (SQLite manual, result codes, section 2)."""

_CONSTRAINT_NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


_COLUMN_TYPES = {str: Text, int: BigInt, bool: Flag, datetime: UtcTime, bytes: Bytes, UUID: Uuid16}


class Base(DeclarativeBase):
    """Base class of the tables of people, programs, sales and money."""

    metadata = MetaData(naming_convention=_CONSTRAINT_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = _COLUMN_TYPES


class ClickBase(DeclarativeBase):
    """Base class of the click tables: a separate file on SQLite, the same database on PostgreSQL."""

    metadata = MetaData(naming_convention=_CONSTRAINT_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = _COLUMN_TYPES


STRICT = {"sqlite_strict": True}
"""The last element of every table's __table_args__."""


@dataclass(frozen=True)
class Databases:
    """The two databases of an installation. On PostgreSQL both engines connect to the same database."""

    main: Engine
    clicks: Engine

    def close(self) -> None:
        self.main.dispose()
        self.clicks.dispose()


def open_databases(settings: Settings, turn: Turn = Turn.PEOPLE) -> Databases:
    """Create the engines. The first transaction opens the first connection.

    turn: whose transactions these are; on SQLite it decides who writes to the main database first.
    """
    return Databases(main=make_engine(settings.main_url, turn), clicks=make_engine(settings.clicks_url))


def make_engine(url: str, turn: Turn | None = None) -> Engine:
    """An engine for `url`. Its errors leave out statement parameters, which may be personal data.

    Without `turn`, its transactions take no turns.
    """
    if url.startswith("sqlite"):
        engine = create_engine(
            url,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_S},
            hide_parameters=True,
            execution_options={_TURN: turn},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=10,
        hide_parameters=True,
        connect_args=dict(POSTGRESQL_CONNECTION),
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not open transactions: _begin_sqlite does
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",  # otherwise REPLACE bypasses the triggers that refuse deletion
        f"busy_timeout={SQLITE_BUSY_TIMEOUT_S * 1000}",
        f"journal_size_limit={WAL_SIZE_LIMIT_BYTES}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at BEGIN: upgrading a read transaction later fails at random (measured)."""
    read_only = connection.get_execution_options().get(_READ_ONLY)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


@contextmanager
def read_session(engine: Engine) -> Iterator[Session]:
    """A session with one consistent view, for a page or a report. It is rolled back at the end."""
    connection = engine.connect().execution_options(**{_READ_ONLY: True})
    if engine.dialect.name == "postgresql":
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with connection, Session(bind=connection, autoflush=False) as session:
        yield session
        session.expunge_all()  # loaded objects stay usable after the session ends
        session.rollback()


@contextmanager
def read_connection(engine: Engine) -> Iterator[Connection]:
    """A read-only connection for a single query, which is consistent without a transaction."""
    connection = engine.connect().execution_options(**{_READ_ONLY: True})
    if engine.dialect.name == "postgresql":
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
    with connection:
        yield connection


def transact(engine: Engine, work: Callable[[Session], Result]) -> Result:
    """Run `work` in one write transaction and commit it. Returns the result of `work`.

    Serialization failures, deadlocks and a locked SQLite database are retried, so `work` may run more than
    once and must do nothing outside the database. Raises whatever `work` raises, after a rollback. Each
    attempt takes a turn of its own (config/locking/turns.py).
    """
    backoff_s = INITIAL_BACKOFF_S
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            with _turn(engine), Session(engine, expire_on_commit=False) as session, session.begin():
                return work(session)
        except DBAPIError as error:
            if attempt == MAX_ATTEMPTS or not _is_retryable(error):
                raise
        time.sleep(backoff_s)
        backoff_s *= 2
    raise AssertionError("unreachable: the last attempt returns or raises")


def transact_timed(engine: Engine, work: Callable[[Session], Result]) -> tuple[Result, float]:
    """Like `transact`; also for how many seconds the transaction had its lock, until its commit ended."""
    locked_s = 0.0

    def timed(session: Session) -> Result:
        nonlocal locked_s
        session.connection()  # begins the transaction, which locks on SQLite
        locked_s = time.monotonic()
        return work(session)

    result = transact(engine, timed)
    return result, time.monotonic() - locked_s


def _turn(engine: Engine) -> AbstractContextManager[None]:
    turn: Turn | None = engine.get_execution_options().get(_TURN)
    return turn_at(Path(engine.url.database or ""), turn) if turn else nullcontext()


def _is_retryable(error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _RETRYABLE_STATES:
        return True
    extended_code = getattr(error.orig, "sqlite_errorcode", 0)
    return extended_code & _PRIMARY_CODE_MASK == sqlite3.SQLITE_BUSY
