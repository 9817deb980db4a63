"""Who is woken when a click comes while guard and committer change places."""

import threading

from tests.tracker.clicks.traffic import DEADLINE_S, a_click
from tracker.clicks.waiting import Ticket, WaitingRoom

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
