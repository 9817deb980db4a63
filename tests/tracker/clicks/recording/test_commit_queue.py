"""The commit queue wakes the right thread: while the spool writer stops, and after a large batch."""

import threading

import pytest

from tests.tracker.clicks.traffic import DEADLINE_S, make_click
from tracker.clicks.recording import commit_queue as commit_queue_module
from tracker.clicks.recording.commit_queue import LARGE_BATCH, CommitQueue, PendingClick

NO_DEADLINE_S = 0.0
TICK_S = 0.01


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
