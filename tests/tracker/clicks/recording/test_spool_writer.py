"""When the database is late, dead or full, clicks are answered from the spool and get into it later, once."""

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
from tests.tracker.clicks.traffic import DEADLINE_S, HeldWriters, a_click, kept_ids
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.recording.spool import make_spool
from tracker.clicks.recording.writers import BatchWriter, open_writer

LATE_S = 0.02
ROOM_BYTES = 1024 * 1024
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
                spool_bytes=ROOM_BYTES,
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
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def figure(name: str) -> float:
    return REGISTRY.get_sample_value(f"linkledger_{name}_total") or 0


def test_a_commit_that_is_late_is_answered_from_the_spool_and_lands_once(
    make_recorder: MakeRecorder, databases: Databases
) -> None:
    before = figure("spooled_clicks")
    writers = HeldWriters(held=True)
    recorder = make_recorder(writers.open)
    clicks = [a_click() for _ in range(20)]
    futures = [recorder.submit(click) for click in clicks]
    assert all(future.result(DEADLINE_S) for future in futures)
    assert kept_ids(databases) == []
    assert figure("spooled_clicks") == before + 20
    writers.go.set()
    wait_until(lambda: len(kept_ids(databases)) == 20)
    assert sorted(kept_ids(databases)) == sorted(click.id for click in clicks)


def test_while_the_committer_is_stuck_nobody_waits_for_the_deadline_again(
    make_recorder: MakeRecorder, databases: Databases
) -> None:
    writers = HeldWriters(held=True)
    recorder = make_recorder(writers.open)
    clicks = [a_click() for _ in range(50)]
    assert all(recorder.record(click, DEADLINE_S) for click in clicks)
    writers.go.set()
    wait_until(lambda: len(kept_ids(databases)) == 50)


def test_clicks_outlive_a_database_that_fails_and_comes_back(
    make_recorder: MakeRecorder, databases: Databases
) -> None:
    def rename(before: str, after: str) -> None:
        with databases.clicks.begin() as connection:
            connection.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))

    recorder = make_recorder(open_writer)
    clicks = [a_click() for _ in range(30)]
    assert all(recorder.record(click, DEADLINE_S) for click in clicks[:10])
    rename("click", "elsewhere")
    assert all(recorder.record(click, DEADLINE_S) for click in clicks[10:20])
    rename("elsewhere", "click")
    assert all(recorder.record(click, DEADLINE_S) for click in clicks[20:])
    wait_until(lambda: len(kept_ids(databases)) == 30)
    assert sorted(kept_ids(databases)) == sorted(click.id for click in clicks)


def test_only_when_database_and_spool_both_fail_a_click_is_not_recorded(
    settings: Settings, make_recorder: MakeRecorder
) -> None:
    settings.spool_folder.parent.mkdir(exist_ok=True)
    settings.spool_folder.write_text("a file where the folder should be")

    def refuse(_clicks_url: str) -> BatchWriter:
        raise sqlite3.OperationalError("unable to open database file")

    assert not make_recorder(refuse).record(a_click(), DEADLINE_S)


def test_without_a_spool_a_commit_that_is_merely_late_still_counts(
    settings: Settings, make_recorder: MakeRecorder, databases: Databases
) -> None:
    settings.spool_folder.parent.mkdir(exist_ok=True)
    settings.spool_folder.write_text("a file where the folder should be")
    writers = HeldWriters(held=True)
    future = make_recorder(writers.open).submit(a_click())
    assert writers.at_turn.wait(DEADLINE_S)
    threading.Timer(LATE_S * 5, writers.go.set).start()
    assert future.result(DEADLINE_S)
    assert len(kept_ids(databases)) == 1


def test_a_spool_that_breaks_is_replaced_at_once_and_drained_later(
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
    before = figure("spool_failures")
    writers = HeldWriters(held=True)
    recorder = make_recorder(writers.open)
    clicks = [a_click() for _ in range(30)]
    assert all(recorder.record(click, DEADLINE_S) for click in clicks[:10])
    armed.set()
    assert all(recorder.record(click, DEADLINE_S) for click in clicks[10:])
    assert failures == []
    assert figure("spool_failures") == before + 1
    assert "could not be kept in the spool: Input/output error" in caplog.text
    writers.go.set()
    wait_until(lambda: len(kept_ids(databases)) == 30)
    assert sorted(kept_ids(databases)) == sorted(click.id for click in clicks)
    recorder.close()
    assert list(settings.spool_folder.iterdir()) == []


def test_a_spool_that_could_not_be_made_is_made_when_it_can_be(
    settings: Settings, make_recorder: MakeRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.clicks.recording.spool_writer.RENEW_S", LATE_S)
    settings.spool_folder.parent.mkdir(exist_ok=True)
    settings.spool_folder.write_text("a file where the folder should be")
    before = figure("spool_failures")
    writers = HeldWriters(held=True)
    recorder = make_recorder(writers.open)
    first = recorder.submit(a_click())
    wait_until(lambda: figure("spool_failures") > before)
    assert not first.done()
    settings.spool_folder.unlink()
    assert first.result(DEADLINE_S), "kept in the spool, as the database still does not answer"
    assert figure("spooled_clicks") > 0
    writers.go.set()


def test_a_recorder_that_starts_brings_in_what_a_killed_process_left(
    settings: Settings, make_recorder: MakeRecorder, databases: Databases
) -> None:
    clicks = [a_click() for _ in range(2500)]
    child = os.fork()
    if child == 0:
        make_spool(settings.spool_folder, ROOM_BYTES).append(clicks)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    recorder = make_recorder(open_writer)
    recorder.start()
    wait_until(lambda: len(kept_ids(databases)) == 2500)
    recorder.close()
    assert list(settings.spool_folder.iterdir()) == []


def test_a_click_that_the_table_refuses_keeps_no_other_out(
    settings: Settings, make_recorder: MakeRecorder, databases: Databases
) -> None:
    good, bad = [a_click() for _ in range(5)], a_click()._replace(verdict="unheard of")
    spool = make_spool(settings.spool_folder, ROOM_BYTES)
    spool.append([*good[:2], bad, *good[2:]])
    spool.close()
    make_recorder(open_writer).start()
    wait_until(lambda: len(kept_ids(databases)) == 5)
    assert sorted(kept_ids(databases)) == sorted(click.id for click in good)


def test_a_stuck_database_does_not_keep_the_process_from_ending_and_loses_nothing(
    settings: Settings, make_recorder: MakeRecorder, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.clicks.recording.committer.CLOSE_TIMEOUT_S", 0.5)
    writers = HeldWriters(held=True)
    stuck = make_recorder(writers.open)
    clicks = [a_click() for _ in range(10)]
    futures = [stuck.submit(click) for click in clicks]
    stuck.close()
    assert all(future.result(0) for future in futures)
    writers.go.set()
    wait_until(lambda: len(kept_ids(databases)) == 10)


def test_nothing_is_opened_before_the_first_click(tmp_path: Path) -> None:
    threads = threading.active_count()
    Recorder(f"sqlite:///{tmp_path / 'clicks.db'}", spool_folder=tmp_path / "spool").close()
    assert (threading.active_count(), list(tmp_path.iterdir())) == (threads, [])
