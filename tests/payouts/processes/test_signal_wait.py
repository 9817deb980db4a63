"""The supervisor sleeps until a signal arrives or a child ends, and misses neither."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from payouts.processes.signal_wait import SignalWait
from payouts.processes.supervisor import Child, Supervisor

WITHIN_S = 20.0


def test_a_signal_that_arrives_before_the_wait_ends_it() -> None:
    former = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with SignalWait() as signals:
            os.kill(os.getpid(), signal.SIGUSR1)
            began = time.monotonic()
            signals.wait(WITHIN_S)
            assert time.monotonic() - began < WITHIN_S / 2
    finally:
        signal.signal(signal.SIGUSR1, former)


def test_the_end_of_a_child_ends_the_wait() -> None:
    with SignalWait() as signals:
        child = os.fork()
        if child == 0:
            os._exit(0)
        began = time.monotonic()
        signals.wait(WITHIN_S)
        assert time.monotonic() - began < WITHIN_S / 2
        os.waitpid(child, 0)


def test_a_wait_without_a_signal_ends_in_time_and_signals_are_counted_once() -> None:
    with SignalWait() as signals:
        os.kill(os.getpid(), signal.SIGCHLD)
        signals.wait(WITHIN_S)
        began = time.monotonic()
        signals.wait(0.05)
        assert time.monotonic() - began >= 0.05


def test_the_former_handlers_are_in_place_afterwards() -> None:
    before = signal.getsignal(signal.SIGCHLD)
    with SignalWait():
        pass
    assert signal.getsignal(signal.SIGCHLD) == before
    former = signal.set_wakeup_fd(-1)
    assert former == -1


@pytest.fixture
def stop_signals_restored() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("stop_signals_restored")
def test_a_supervisor_sleeps_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float | None] = []
    wait = SignalWait.wait

    def counted(signals: SignalWait, within_s: float | None) -> None:
        waits.append(within_s)
        if len(waits) == 1:
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
        wait(signals, within_s)

    monkeypatch.setattr(SignalWait, "wait", counted)
    child = Child("sleeper", _sleep_forever, vital=True)
    assert Supervisor([child], {}).run() == 0
    assert waits == [None]
    assert child.process is not None
    assert child.process.exitcode == -signal.SIGTERM


@pytest.mark.usefixtures("stop_signals_restored")
def test_the_end_of_a_vital_child_is_noticed_at_once() -> None:
    began = time.monotonic()
    assert Supervisor([Child("short", lambda: 7, vital=True)], {}).run() == 7
    assert time.monotonic() - began < WITHIN_S


def _sleep_forever() -> int:
    time.sleep(3600)
    return 0
