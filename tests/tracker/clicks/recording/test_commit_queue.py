"""Who is woken when: while guard and committer change places, and after a batch of many."""

import threading

import pytest

from tests.tracker.clicks.traffic import DEADLINE_S, make_click
from tracker.clicks.recording import commit_queue as waiting
from tracker.clicks.recording.commit_queue import LARGE_BATCH, CommitQueue, PendingClick

NO_DEADLINE_S = 0.0
TICK_S = 0.01


def test_a_click_added_while_the_spool_writer_stops_wakes_the_committer() -> None:
    commit_queue = CommitQueue(NO_DEADLINE_S, has_spool=True)
    answers: list[bool] = []
    assert commit_queue.add([PendingClick(make_click(), answers.append)])
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
    assert commit_queue.add([PendingClick(make_click(), answers.append)])
    assert commit_queue.wait_for_overdue(TICK_S) == []
    assert woken.wait(DEADLINE_S)
    assert answers == [True]


def entries(number: int) -> list[PendingClick]:
    return [PendingClick(make_click(), lambda _recorded: None) for _ in range(number)]


@pytest.fixture
def after_many() -> CommitQueue:
    commit_queue = CommitQueue(DEADLINE_S, has_spool=False)
    assert commit_queue.add(entries(LARGE_BATCH))
    assert commit_queue.wait_for_work(None)
    commit_queue.resolve(commit_queue.take(), recorded=True)
    commit_queue.succeeded()
    return commit_queue


def test_after_a_large_batch_a_single_click_waits_briefly(after_many: CommitQueue) -> None:
    assert after_many.add(entries(1))
    assert after_many.wait_for_work(None)
    assert len(after_many.take()) == 1
    after_many.succeeded()
    assert after_many._batch_target == 1, "who comes alone twice is not waited with twice"


def test_half_of_the_former_batch_ends_the_wait(
    after_many: CommitQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "GATHER_TIMEOUT_S", 2 * DEADLINE_S)
    taken: list[int] = []

    def commit() -> None:
        assert after_many.wait_for_work(None)
        taken.append(len(after_many.take()))

    assert after_many.add(entries(1))
    committer = threading.Thread(target=commit, daemon=True)
    committer.start()
    while not after_many._collecting:
        pass
    assert after_many.add(entries(LARGE_BATCH // 2 - 1))
    committer.join(DEADLINE_S)
    assert taken == [LARGE_BATCH // 2]
