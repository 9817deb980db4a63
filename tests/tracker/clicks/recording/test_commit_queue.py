"""The commit queue wakes the right thread: while the spool writer stops, and after a large batch."""

import threading
import time

import pytest

from tests.tracker.clicks.traffic import DEADLINE_S, make_click
from tracker.clicks.recording import commit_queue as commit_queue_module
from tracker.clicks.recording.commit_queue import LARGE_BATCH, CommitQueue, PendingClick

NO_DEADLINE_S = 0.0
TICK_S = 0.01
NEVER_S = 3600.0


def test_a_click_added_while_the_spool_writer_stops_wakes_the_committer() -> None:
    commit_queue = CommitQueue(NO_DEADLINE_S, has_spool=True)
    results: list[bool] = []
    assert commit_queue.add([PendingClick(make_click(), results.append)])
    assert commit_queue.wait_for_work(None)
    late = commit_queue.wait_for_overdue(TICK_S)
    assert late is not None
    commit_queue.resolve(late, recorded=True)
    commit_queue.take()
    commit_queue.succeeded()

    woken = threading.Event()

    def commit() -> None:
        commit_queue.wait_for_work(None)
        woken.set()

    threading.Thread(target=commit, daemon=True).start()
    while not commit_queue._committer_wakeup._waiters:  # type: ignore[attr-defined]
        pass
    assert commit_queue.add([PendingClick(make_click(), results.append)])
    assert commit_queue.wait_for_overdue(TICK_S) == []
    assert woken.wait(DEADLINE_S)
    assert results == [True]


def wait_until_it_sleeps(commit_queue: CommitQueue) -> None:
    end = time.monotonic() + DEADLINE_S
    while not commit_queue._spool_writer_sleeps:
        assert time.monotonic() < end


def test_a_spool_writer_without_work_sleeps_until_the_deadline_of_the_next_commit() -> None:
    deadline_s = 0.2
    commit_queue = CommitQueue(deadline_s, has_spool=True)
    turns: list[tuple[float, int]] = []

    def watch() -> None:
        while not turns or not turns[-1][1]:
            late = commit_queue.wait_for_overdue(NEVER_S, may_sleep=True)
            turns.append((time.monotonic(), len(late or [])))

    spool_writer = threading.Thread(target=watch, daemon=True)
    spool_writer.start()
    wait_until_it_sleeps(commit_queue)
    assert turns == []
    began = time.monotonic()
    assert commit_queue.add(entries(1))
    assert commit_queue.wait_for_work(None)
    commit_queue.take()
    spool_writer.join(DEADLINE_S)
    assert [late for _, late in turns] == [0, 0, 1], "by the commit, at its deadline, with the click"
    assert turns[-1][0] - began >= deadline_s


@pytest.mark.parametrize("what", ["closed", "failed"])
def test_a_sleeping_spool_writer_is_woken_when_the_queue_is_closed_or_the_database_fails(what: str) -> None:
    commit_queue = CommitQueue(DEADLINE_S, has_spool=True)
    returned: list[list[PendingClick] | None] = []
    spool_writer = threading.Thread(
        target=lambda: returned.append(commit_queue.wait_for_overdue(NEVER_S, may_sleep=True)), daemon=True
    )
    spool_writer.start()
    wait_until_it_sleeps(commit_queue)
    commit_queue.close() if what == "closed" else commit_queue.failed()
    spool_writer.join(DEADLINE_S)
    assert returned == [[]]


def entries(number: int) -> list[PendingClick]:
    return [PendingClick(make_click(), lambda _recorded: None) for _ in range(number)]


@pytest.fixture
def after_large_batch() -> CommitQueue:
    commit_queue = CommitQueue(DEADLINE_S, has_spool=False)
    assert commit_queue.add(entries(LARGE_BATCH))
    assert commit_queue.wait_for_work(None)
    commit_queue.resolve(commit_queue.take(), recorded=True)
    commit_queue.succeeded()
    return commit_queue


def test_after_a_large_batch_a_single_click_waits_briefly(after_large_batch: CommitQueue) -> None:
    assert after_large_batch.add(entries(1))
    assert after_large_batch.wait_for_work(None)
    assert len(after_large_batch.take()) == 1
    after_large_batch.succeeded()
    assert after_large_batch._batch_target == 1, "after a batch of one there is no wait"


def test_half_of_the_former_batch_ends_the_wait(
    after_large_batch: CommitQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_queue_module, "GATHER_TIMEOUT_S", 2 * DEADLINE_S)
    taken: list[int] = []

    def commit() -> None:
        assert after_large_batch.wait_for_work(None)
        taken.append(len(after_large_batch.take()))

    assert after_large_batch.add(entries(1))
    committer = threading.Thread(target=commit, daemon=True)
    committer.start()
    while not after_large_batch._collecting:
        pass
    assert after_large_batch.add(entries(LARGE_BATCH // 2 - 1))
    committer.join(DEADLINE_S)
    assert taken == [LARGE_BATCH // 2]
