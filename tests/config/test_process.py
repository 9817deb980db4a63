"""A process that is told to stop while it is made stops when it can."""

import os
import signal

from config.process import hold_stops, release_stops


def test_a_stop_that_comes_before_the_handlers_is_heard_when_they_are_there() -> None:
    hold_stops()
    child = os.fork()
    if child == 0:
        heard: list[int] = []
        os.kill(os.getpid(), signal.SIGTERM)
        signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
        release_stops()
        os._exit(0 if heard == [signal.SIGTERM] else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_who_forks_is_told_at_once() -> None:
    hold_stops()
    assert signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    child = os.fork()
    if child == 0:
        os._exit(0)
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    os.waitpid(child, 0)
