"""An acknowledged click is on disk, once; many clicks share one commit; on both databases."""

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from config.database import Databases
from config.settings import Settings
from tests.tracker.clicks.traffic import DEADLINE_S, LINK, BlockedWriters, make_click, stored_ids
from tracker.clicks.models import Click
from tracker.clicks.recording import commit_queue as commit_queue_module
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.recording.writers import NewClick, SqliteWriter, open_writer
from tracker.ids import uuid_time

THREADS = 32


@pytest.fixture
def recorder(settings: Settings) -> Iterator[Recorder]:
    made = Recorder(settings.clicks_url)
    yield made
    made.close()


def run_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
        assert not thread.is_alive()


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_S / 2
    while not condition():
        assert time.monotonic() < end, "the condition was not met in time"
        time.sleep(0.01)


def test_the_fields_of_new_click_are_the_columns_of_the_table() -> None:
    assert list(NewClick._fields) == list(Click.__table__.columns.keys())


def test_a_click_is_stored_unchanged(recorder: Recorder, databases: Databases) -> None:
    click = make_click()
    assert recorder.record(click, DEADLINE_S)
    with databases.clicks.connect() as connection:
        row = connection.execute(Click.__table__.select()).one()
    assert row._asdict() == {
        "id": click.id,
        "link_id": LINK,
        "verdict": "person",
        "reason": "a test",
        "device": "phone",
        "referrer_host": "blog.example",
        "sub_ids": {"s1": "bio"},
        "country": "DE",
        "visitor": "today",
        "visitor_before": None,
        "network": "net",
    }
    assert uuid_time(row.id) == uuid_time(click.id)


@pytest.mark.parametrize(
    "unusual", ["", "NULL", "null", 'a "quote"', "back\\slash\\", "{a,b}", "line\nbreak\t", "Ł“é"]
)
def test_unusual_strings_are_stored_unchanged(settings: Settings, databases: Databases, unusual: str) -> None:
    click = make_click()._replace(referrer_host=unusual, sub_ids=json.dumps({"s1": unusual}))
    write_batch(settings, [click])
    with databases.clicks.connect() as connection:
        row = connection.execute(Click.__table__.select()).one()
    assert (row.referrer_host, row.sub_ids) == (unusual, {"s1": unusual})


@pytest.mark.parametrize("number", [1, 2, 3, 5, 64, 65, 1000, 1025, 2500])
def test_a_batch_of_any_size_is_stored_completely(
    settings: Settings, databases: Databases, number: int
) -> None:
    clicks = [make_click() for _ in range(number)]
    write_batch(settings, clicks)
    write_batch(settings, clicks[: number // 2 + 1])
    assert sorted(stored_ids(databases)) == sorted(click.id for click in clicks)


def write_batch(settings: Settings, clicks: list[NewClick]) -> None:
    writer = open_writer(settings.clicks_url)
    with writer.write_lock():
        writer.write(clicks)
    writer.close()


def test_many_threads_get_exactly_one_row_for_each_click(recorder: Recorder, databases: Databases) -> None:
    clicks = [[make_click() for _ in range(5)] for _ in range(THREADS)]
    start = threading.Barrier(THREADS)
    outcomes: list[bool] = []

    def visit(own: list[NewClick]) -> None:
        start.wait()
        outcomes.extend(recorder.record(click, DEADLINE_S) for click in own)

    run_all([threading.Thread(target=visit, args=(own,)) for own in clicks])
    assert outcomes == [True] * THREADS * 5
    assert sorted(stored_ids(databases)) == sorted(click.id for own in clicks for click in own)


def test_waiting_clicks_share_one_commit(settings: Settings, databases: Databases) -> None:
    writers = BlockedWriters(blocked=True)
    recorder = Recorder(settings.clicks_url, writers.open)
    futures = [recorder.submit(make_click()) for _ in range(THREADS)]
    writers.released.set()
    assert [future.result(DEADLINE_S) for future in futures] == [True] * THREADS
    recorder.close()
    assert writers.batches == [THREADS]
    assert len(stored_ids(databases)) == THREADS


def test_a_duplicate_click_is_stored_once(recorder: Recorder, databases: Databases) -> None:
    click = make_click()
    assert recorder.record(click, DEADLINE_S)
    assert recorder.record(click, DEADLINE_S)
    assert stored_ids(databases) == [click.id]


def test_a_click_past_the_deadline_is_reported_late_but_still_stored(
    settings: Settings, databases: Databases
) -> None:
    writers = BlockedWriters(blocked=True)
    recorder = Recorder(settings.clicks_url, writers.open)
    late = make_click()
    assert not recorder.record(late, deadline_s=0.01)
    writers.released.set()
    recorder.close()
    assert stored_ids(databases) == [late.id]


def test_a_database_error_fails_waiting_clicks_and_later_ones_are_recorded(
    recorder: Recorder, databases: Databases
) -> None:
    def rename(before: str, after: str) -> None:
        with databases.clicks.begin() as connection:
            connection.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))

    first, lost, last = make_click(), make_click(), make_click()
    assert recorder.record(first, DEADLINE_S)
    rename("click", "elsewhere")
    assert not recorder.record(lost, DEADLINE_S)
    rename("elsewhere", "click")
    assert recorder.record(last, DEADLINE_S)
    assert sorted(stored_ids(databases)) == sorted([first.id, last.id])


def test_an_unopenable_database_rejects_clicks(tmp_path: Path) -> None:
    recorder = Recorder(f"sqlite:///{tmp_path / 'nowhere' / 'clicks.db'}")
    assert not recorder.record(make_click(), DEADLINE_S)
    recorder.close()


def test_clicks_above_the_queue_limit_are_rejected_immediately(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_queue_module, "MAX_PENDING", 3)
    monkeypatch.setattr(commit_queue_module, "MAX_BATCH_CLICKS", 2)
    writers = BlockedWriters(blocked=True)
    recorder = Recorder(settings.clicks_url, writers.open)
    futures = [recorder.submit(make_click()) for _ in range(5)]
    assert [future.done() for future in futures] == [False, False, False, True, True]
    writers.released.set()
    assert [future.result(DEADLINE_S) for future in futures] == [True, True, True, False, False]
    recorder.close()
    assert writers.batches == [2, 1]


def test_nothing_is_opened_or_started_before_the_first_click(tmp_path: Path) -> None:
    threads = threading.active_count()
    writers = BlockedWriters(blocked=False)
    Recorder(f"sqlite:///{tmp_path / 'clicks.db'}", writers.open).close()
    assert (writers.opened, threading.active_count(), list(tmp_path.iterdir())) == (0, threads, [])


def test_a_closed_recorder_opens_again_for_a_later_click(recorder: Recorder, databases: Databases) -> None:
    for _ in range(2):
        assert recorder.record(make_click(), DEADLINE_S)
        recorder.close()
    assert len(stored_ids(databases)) == 2


def test_parent_and_forked_child_record_with_separate_connections(
    recorder: Recorder, databases: Databases
) -> None:
    before, in_child, after = make_click(), make_click(), make_click()
    assert recorder.record(before, DEADLINE_S)
    child = os.fork()
    if child == 0:
        # os._exit: no code of the test runner may run in the child.
        os._exit(0 if recorder.record(in_child, DEADLINE_S) else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert recorder.record(after, DEADLINE_S)
    assert sorted(stored_ids(databases)) == sorted(click.id for click in (before, in_child, after))


def test_a_child_records_after_its_parent_died_holding_the_write_lock(
    settings: Settings, databases: Databases
) -> None:
    writers = BlockedWriters(blocked=True)
    recorder = Recorder(settings.clicks_url, writers.open)
    results, report = os.pipe()
    parent = os.fork()
    if parent == 0:
        recorder.submit(make_click())
        writers.at_lock.wait(DEADLINE_S)
        if os.fork() == 0:
            os.read(results, 1)  # the parent is gone
            writers.released.set()
            os._exit(0 if recorder.record(make_click(), DEADLINE_S) else 1)
        os._exit(0)
    os.waitpid(parent, 0)
    os.write(report, b"!")
    wait_until(lambda: len(stored_ids(databases)) == 1)
    os.close(results)
    os.close(report)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_on_sqlite_a_process_waits_for_the_lock_file(
    settings: Settings, recorder: Recorder, databases: Databases
) -> None:
    lock_path = Path(settings.clicks_url.removeprefix("sqlite:///")).with_suffix(".lock")
    assert lock_path.name == "clicks.lock"
    descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    click = make_click()
    assert not recorder.record(click, deadline_s=0.05)
    assert stored_ids(databases) == []
    os.close(descriptor)
    assert recorder.record(make_click(), DEADLINE_S)
    assert click.id in stored_ids(databases)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_on_sqlite_every_commit_is_synced(settings: Settings) -> None:
    writer = open_writer(settings.clicks_url)
    assert isinstance(writer, SqliteWriter)
    connection = writer._connection
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    writer.close()


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_on_postgresql_a_terminated_connection_is_replaced(recorder: Recorder, databases: Databases) -> None:
    assert recorder.record(make_click(), DEADLINE_S)
    with databases.main.connect() as connection:
        ended = connection.execute(
            text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND backend_type = 'client backend' "
                "AND pid <> pg_backend_pid()"
            )
        ).scalar_one()
    assert ended == 1
    outcomes = [recorder.record(make_click(), DEADLINE_S) for _ in range(2)]
    assert outcomes == [False, True]
