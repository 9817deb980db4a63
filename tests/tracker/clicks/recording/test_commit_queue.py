"""Who is woken when: while guard and committer change places, and after a batch of many."""

import threading

import pytest

from tests.tracker.clicks.traffic import DEADLINE_S, a_click
from tracker.clicks.recording import commit_queue as waiting
from tracker.clicks.recording.commit_queue import MANY, Ticket, WaitingRoom

AT_ONCE_S = 0.0
TICK_S = 0.01


def test_a_click_that_comes_while_the_guard_steps_back_wakes_the_committer() -> None:
    room = WaitingRoom(AT_ONCE_S, guarded=True)
    answers: list[bool] = []
    assert room.add([Ticket(a_click(), answers.append)])
    assert room.wait_for_work(None)
    late = room.wait_for_late(TICK_S)
    assert late is not None
    room.answer(late, recorded=True)
    room.take()
    room.succeeded()

    woken = threading.Event()

    def commit() -> None:
        room.wait_for_work(None)
        woken.set()

    threading.Thread(target=commit, daemon=True).start()
    while not room._for_committer._waiters:  # type: ignore[attr-defined]
        pass
    assert room.add([Ticket(a_click(), answers.append)])
    assert room.wait_for_late(TICK_S) == []
    assert woken.wait(DEADLINE_S)
    assert answers == [True]


def tickets(number: int) -> list[Ticket]:
    return [Ticket(a_click(), lambda _recorded: None) for _ in range(number)]


@pytest.fixture
def after_many() -> WaitingRoom:
    room = WaitingRoom(DEADLINE_S, guarded=False)
    assert room.add(tickets(MANY))
    assert room.wait_for_work(None)
    room.answer(room.take(), recorded=True)
    room.succeeded()
    return room


def test_after_a_batch_of_many_one_click_waits_for_others_but_not_for_long(after_many: WaitingRoom) -> None:
    assert after_many.add(tickets(1))
    assert after_many.wait_for_work(None)
    assert len(after_many.take()) == 1
    after_many.succeeded()
    assert after_many._enough == 1, "who comes alone twice is not waited with twice"


def test_half_as_many_are_enough(after_many: WaitingRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PATIENCE_S", 2 * DEADLINE_S)
    taken: list[int] = []

    def commit() -> None:
        assert after_many.wait_for_work(None)
        taken.append(len(after_many.take()))

    assert after_many.add(tickets(1))
    committer = threading.Thread(target=commit, daemon=True)
    committer.start()
    while not after_many._gathering:
        pass
    assert after_many.add(tickets(MANY // 2 - 1))
    committer.join(DEADLINE_S)
    assert taken == [MANY // 2]
