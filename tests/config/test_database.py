"""transact: which failures are retried."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from config.database import MAX_ATTEMPTS, Databases, make_engine, transact


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty SQLite database; its pooled connection does not wait for a lock."""
    engine = make_engine(f"sqlite:///{tmp_path / 'locked.db'}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
    yield engine
    engine.dispose()


@pytest.fixture
def lock(engine: Engine) -> Iterator[sqlite3.Connection]:
    """Another connection, which holds the write lock."""
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def read_one(session: Session) -> int:
    return int(session.execute(text("select 1")).scalar_one())


def test_a_locked_sqlite_database_is_tried_again(
    engine: Engine, lock: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: lock.rollback())
    assert transact(engine, read_one) == 1


@pytest.mark.usefixtures("lock")
def test_a_database_that_stays_locked_is_given_up(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    with pytest.raises(OperationalError):
        transact(engine, read_one)
    assert len(waits) == MAX_ATTEMPTS - 1


def test_another_failure_is_not_tried_again(databases: Databases) -> None:
    attempts = []

    def insert_nonsense(session: Session) -> None:
        attempts.append(1)
        session.execute(text("insert into coupon (id) values ('cpn_1')"))

    with pytest.raises(IntegrityError):
        transact(databases.main, insert_nonsense)
    assert len(attempts) == 1
