"""When the database is late, down or full, clicks are stored in the spool and later in the database, once."""

import errno
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from config.database import Databases
from config.settings import Settings
from tests.tracker.clicks.traffic import DEADLINE_S, BlockedWriters, make_click, stored_ids
from tracker.clicks.recording.commit_queue import CommitQueue, PendingClick
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.recording.spool import create_spool
from tracker.clicks.recording.writers import BatchWriter, open_writer

LATE_S = 0.02
SPOOL_BYTES = 1024 * 1024
MakeRecorder = Callable[[Callable[[str], BatchWriter]], Recorder]


@pytest.fixture
def make_recorder(settings: Settings) -> Iterator[MakeRecorder]:
    made: list[Recorder] = []

    def make(opener: Callable[[str], BatchWriter] = open_writer) -> Recorder:
        made.append(
            Recorder(
                settings.clicks_url,
                opener,
                spool_folder=settings.spool_folder,
                spool_bytes=SPOOL_BYTES,
                deadline_s=LATE_S,
            )
        )
        return made[-1]

    yield make
    for recorder in made:
        recorder.close()


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "the condition was not met in time"
        time.sleep(0.01)


def counter(name: str) -> float:
    return REGISTRY.get_sample_value(f"linkledger_{name}_total") or 0


def test_clicks_of_a_late_commit_are_spooled_and_stored_once(
    make_recorder: MakeRecorder, databases: Databases
) -> None:
    before = counter("spooled_clicks")
    writers = BlockedWriters(blocked=True)
    recorder = make_recorder(writers.open)
    clicks = [make_click() for _ in range(20)]
    futures = [recorder.submit(click) for click in clicks]
    assert all(future.result(DEADLINE_S) for future in futures)
    assert stored_ids(databases) == []
    assert counter("spooled_clicks") == before + 20
    writers.released.set()
    wait_until(lambda: len(stored_ids(databases)) == 20)
    assert sorted(stored_ids(databases)) == sorted(click.id for click in clicks)


def test_the_threads_do_not_wake_while_there_are_no_clicks(
    make_recorder: MakeRecorder, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[bool] = []
    wait_for_overdue = CommitQueue.wait_for_overdue

    def counted(commit_queue: CommitQueue, tick_s: float, *, may_sleep: bool) -> list[PendingClick] | None:
        waits.append(may_sleep)
        return wait_for_overdue(commit_queue, tick_s, may_sleep=may_sleep)

    monkeypatch.setattr(CommitQueue, "wait_for_overdue", counted)
    recorder = make_recorder(open_writer)
    assert recorder.record(make_click(), DEADLINE_S)
    queue = recorder._committer()._queue
    wait_until(lambda: queue._spool_writer_sleeps)
    before = len(waits)
    time.sleep(20 * LATE_S)
    assert len(waits) == before
    assert recorder.record(make_click(), DEADLINE_S)
    assert len(stored_ids(databases)) == 2


def test_the_age_of_the_spool_is_zero_again_when_it_is_drained(
    make_recorder: MakeRecorder, databases: Databases
) -> None:
    writers = BlockedWriters(blocked=True)
    recorder = make_recorder(writers.open)
    assert recorder.record(make_click(), DEADLINE_S)
    wait_until(lambda: REGISTRY.get_sample_value("linkledger_spool_age_seconds") != 0)
    writers.released.set()
    wait_until(lambda: REGISTRY.get_sample_value("linkledger_spool_age_seconds") == 0)
    assert len(stored_ids(databases)) == 1


def test_while_the_committer_is_stuck_later_clicks_are_spooled_immediately(
    make_recorder: MakeRecorder, databases: Databases
) -> None:
    writers = BlockedWriters(blocked=True)
    recorder = make_recorder(writers.open)
    clicks = [make_click() for _ in range(50)]
    assert all(recorder.record(click, DEADLINE_S) for click in clicks)
    writers.released.set()
    wait_until(lambda: len(stored_ids(databases)) == 50)


def test_no_click_is_lost_when_the_database_fails_and_recovers(
    make_recorder: MakeRecorder, databases: Databases
) -> None:
    def rename(before: str, after: str) -> None:
        with databases.clicks.begin() as connection:
            connection.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))

    recorder = make_recorder(open_writer)
    clicks = [make_click() for _ in range(30)]
    assert all(recorder.record(click, DEADLINE_S) for click in clicks[:10])
    rename("click", "elsewhere")
    assert all(recorder.record(click, DEADLINE_S) for click in clicks[10:20])
    rename("elsewhere", "click")
    assert all(recorder.record(click, DEADLINE_S) for click in clicks[20:])
    wait_until(lambda: len(stored_ids(databases)) == 30)
    assert sorted(stored_ids(databases)) == sorted(click.id for click in clicks)


def test_a_click_is_lost_only_if_database_and_spool_both_fail(
    settings: Settings, make_recorder: MakeRecorder
) -> None:
    settings.spool_folder.parent.mkdir(exist_ok=True)
    settings.spool_folder.write_text("a file where the folder should be")

    def refuse(_clicks_url: str) -> BatchWriter:
        raise sqlite3.OperationalError("unable to open database file")

    assert not make_recorder(refuse).record(make_click(), DEADLINE_S)


def test_without_a_spool_a_late_commit_still_succeeds(
    settings: Settings, make_recorder: MakeRecorder, databases: Databases
) -> None:
    settings.spool_folder.parent.mkdir(exist_ok=True)
    settings.spool_folder.write_text("a file where the folder should be")
    writers = BlockedWriters(blocked=True)
    future = make_recorder(writers.open).submit(make_click())
    assert writers.at_lock.wait(DEADLINE_S)
    threading.Timer(LATE_S * 5, writers.released.set).start()
    assert future.result(DEADLINE_S)
    assert len(stored_ids(databases)) == 1


def test_a_broken_spool_is_replaced_and_drained_later(
    settings: Settings,
    make_recorder: MakeRecorder,
    databases: Databases,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures = [OSError(errno.EIO, "Input/output error")]

    def sync_data(descriptor: int) -> None:
        if failures and armed.is_set():
            raise failures.pop()
        os.fsync(descriptor)

    armed = threading.Event()
    monkeypatch.setattr("tracker.clicks.recording.spool._sync_data", sync_data)
    before = counter("spool_failures")
    writers = BlockedWriters(blocked=True)
    recorder = make_recorder(writers.open)
    clicks = [make_click() for _ in range(30)]
    assert all(recorder.record(click, DEADLINE_S) for click in clicks[:10])
    armed.set()
    assert all(recorder.record(click, DEADLINE_S) for click in clicks[10:])
    assert failures == []
    assert counter("spool_failures") == before + 1
    assert "clicks could not be stored in the spool: Input/output error" in caplog.text
    writers.released.set()
    wait_until(lambda: len(stored_ids(databases)) == 30)
    assert sorted(stored_ids(databases)) == sorted(click.id for click in clicks)
    recorder.close()
    assert list(settings.spool_folder.iterdir()) == []


def test_creating_the_spool_is_retried(
    settings: Settings, make_recorder: MakeRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.clicks.recording.spool_writer.SPOOL_RETRY_S", LATE_S)
    settings.spool_folder.parent.mkdir(exist_ok=True)
    settings.spool_folder.write_text("a file where the folder should be")
    before = counter("spool_failures")
    writers = BlockedWriters(blocked=True)
    recorder = make_recorder(writers.open)
    first = recorder.submit(make_click())
    wait_until(lambda: counter("spool_failures") > before)
    assert not first.done()
    settings.spool_folder.unlink()
    assert first.result(DEADLINE_S), "stored in the spool, because the database is still blocked"
    assert counter("spooled_clicks") > 0
    writers.released.set()


def test_starting_a_recorder_drains_the_spool_of_a_killed_process(
    settings: Settings, make_recorder: MakeRecorder, databases: Databases
) -> None:
    clicks = [make_click() for _ in range(2500)]
    child = os.fork()
    if child == 0:
        create_spool(settings.spool_folder, SPOOL_BYTES).append(clicks)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    recorder = make_recorder(open_writer)
    recorder.start()
    wait_until(lambda: len(stored_ids(databases)) == 2500)
    recorder.close()
    assert list(settings.spool_folder.iterdir()) == []


def test_a_rejected_click_does_not_block_the_others(
    settings: Settings, make_recorder: MakeRecorder, databases: Databases
) -> None:
    good, bad = [make_click() for _ in range(5)], make_click()._replace(verdict="unknown")
    spool = create_spool(settings.spool_folder, SPOOL_BYTES)
    spool.append([*good[:2], bad, *good[2:]])
    spool.close()
    make_recorder(open_writer).start()
    wait_until(lambda: len(stored_ids(databases)) == 5)
    assert sorted(stored_ids(databases)) == sorted(click.id for click in good)


def test_a_stuck_database_neither_blocks_shutdown_nor_loses_clicks(
    settings: Settings, make_recorder: MakeRecorder, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.clicks.recording.committer.CLOSE_TIMEOUT_S", 0.5)
    writers = BlockedWriters(blocked=True)
    stuck = make_recorder(writers.open)
    clicks = [make_click() for _ in range(10)]
    futures = [stuck.submit(click) for click in clicks]
    stuck.close()
    assert all(future.result(0) for future in futures)
    writers.released.set()
    wait_until(lambda: len(stored_ids(databases)) == 10)


def test_nothing_is_opened_before_the_first_click(tmp_path: Path) -> None:
    threads = threading.active_count()
    Recorder(f"sqlite:///{tmp_path / 'clicks.db'}", spool_folder=tmp_path / "spool").close()
    assert (threading.active_count(), list(tmp_path.iterdir())) == (threads, [])
