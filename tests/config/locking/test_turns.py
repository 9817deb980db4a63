"""Turns at SQLite's write lock: who goes first, and what happens when somebody hangs or is killed."""

import fcntl
import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.database import make_engine, open_databases, transact
from config.locking import turns
from config.locking.turns import Turn, turn_at
from config.settings import Settings
from tests.harness.waiting import wait_until

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
PERSONS = 5
_FORKING = multiprocessing.get_context("fork")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "linkledger.db"
    path.touch(0o600)
    return path


def is_free(database: Path, name: str) -> bool:
    """Whether nobody has that lock file, not even shared."""
    with database.with_suffix(f".{name}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def start(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def take_turn(database: Path, turn: Turn, order: list[str], hold_s: float = 0.0) -> None:
    with turn_at(database, turn):
        order.append(turn.value)
        time.sleep(hold_s)


def test_people_go_before_a_job_that_came_earlier(database: Path) -> None:
    order: list[str] = []
    with turn_at(database, Turn.JOBS):
        waiting = [start(partial(take_turn, database, Turn.JOBS, order))]
        waiting += [start(partial(take_turn, database, Turn.PEOPLE, order)) for _ in range(PERSONS)]
        wait_until(lambda: not is_free(database, "gate"))
        wait_until(lambda: not is_free(database, "jobs"))
        assert order == []
    for thread in waiting:
        thread.join()
    assert order == ["people"] * PERSONS + ["jobs"]


def test_nobody_has_a_turn_beside_another(database: Path) -> None:
    inside, most = 0, 0
    counting = threading.Lock()

    def work(turn: Turn) -> None:
        nonlocal inside, most
        for _ in range(20):
            with turn_at(database, turn):
                with counting:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.0005)
                with counting:
                    inside -= 1

    threads = [start(partial(work, turn)) for turn in (*Turn, *Turn, *Turn)]
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_job_has_its_turn_although_people_never_pause(database: Path) -> None:
    stopped = threading.Event()
    order: list[str] = []

    def write_without_pause() -> None:
        while not stopped.is_set():
            take_turn(database, Turn.PEOPLE, order, 0.002)

    people = [start(write_without_pause) for _ in range(PERSONS)]
    wait_until(lambda: len(order) > PERSONS)
    began_s = time.monotonic()
    for _ in range(3):
        take_turn(database, Turn.JOBS, order)
    took_s = time.monotonic() - began_s
    stopped.set()
    for thread in people:
        thread.join()
    assert took_s < turns.JOB_PATIENCE_S
    assert order.count("jobs") == 3


def test_a_person_goes_on_when_somebody_keeps_the_turn(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's own lock then decides."""
    monkeypatch.setattr(turns, "PATIENCE_S", 0.05)
    monkeypatch.setattr(turns, "JOB_PATIENCE_S", 0.05)
    order: list[str] = []
    with turn_at(database, Turn.JOBS):
        take_turn(database, Turn.PEOPLE, order)
        take_turn(database, Turn.JOBS, order)
    assert order == ["people", "jobs"]


def keep_turn(database: Path, fork: bool) -> None:
    with turn_at(database, Turn.PEOPLE):
        if fork:
            child = os.fork()
            if child == 0:
                database.with_suffix(".child").write_text(str(os.getpid()))
        database.with_suffix(".in").touch()
        signal.pause()


@pytest.mark.parametrize("fork", [False, True])
def test_a_killed_process_frees_its_turn(database: Path, fork: bool) -> None:
    """Also when a process that it has forked lives on."""
    process = _FORKING.Process(target=keep_turn, args=(database, fork), daemon=True)
    process.start()
    wait_until(database.with_suffix(".in").exists)
    assert not is_free(database, "writer")
    process.kill()
    process.join()
    try:
        assert is_free(database, "writer")
        assert is_free(database, "gate")
    finally:
        if fork:
            os.kill(int(database.with_suffix(".child").read_text()), signal.SIGKILL)


@pytest.mark.parametrize(
    ("mode", "expected"), [(0o600, 0o600), (0o644, 0o600), (0o660, 0o660), (0o664, 0o660)]
)
def test_only_those_who_may_write_to_the_database_can_delay_others(
    database: Path, mode: int, expected: int
) -> None:
    database.chmod(mode)
    former_umask = os.umask(0)
    try:
        with turn_at(database, Turn.JOBS):
            pass
    finally:
        os.umask(former_umask)
    modes = {path.name: path.stat().st_mode & 0o777 for path in database.parent.glob("*.lock")}
    assert modes == {f"linkledger.{name}.lock": expected for name in ("gate", "jobs", "writer")}


def test_where_lock_files_are_impossible_transactions_take_no_turns(database: Path) -> None:
    order: list[str] = []
    take_turn(database.parent / "missing" / "linkledger.db", Turn.JOBS, order)
    target = database.parent / "target"
    for name in ("gate", "writer", "jobs"):
        database.with_suffix(f".{name}.lock").symlink_to(target)
    take_turn(database, Turn.PEOPLE, order)
    assert (order, target.exists()) == (["jobs", "people"], False)


def test_a_retried_transaction_takes_another_turn(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make_engine(f"sqlite:///{database}", Turn.PEOPLE)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    free_in_between: list[bool] = []

    def back_off(_seconds: float) -> None:
        free_in_between.append(is_free(database, "writer"))
        other.rollback()

    def work(session: Session) -> bool:
        session.execute(text("select 1"))
        return is_free(database, "writer")

    monkeypatch.setattr(time, "sleep", back_off)
    assert transact(engine, work) is False
    assert free_in_between == [True]
    engine.dispose()
    other.close()


@SQLITE
@pytest.mark.parametrize(("turn", "queued"), [(Turn.PEOPLE, False), (Turn.JOBS, True)])
def test_the_main_database_is_opened_for_people_or_for_jobs(
    settings: Settings, turn: Turn, queued: bool
) -> None:
    database = settings.home / "linkledger.db"
    for opened in (open_databases(settings, turn), *([] if queued else [open_databases(settings)])):
        took = transact(opened.main, lambda _: database.with_suffix(".jobs.lock").exists())
        assert took is queued
        opened.close()
    assert not list(settings.home.glob("clicks.*.lock"))
