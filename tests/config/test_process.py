"""A stop signal during the start of a worker is delivered after the start."""

import os
import signal

from config.process import block_stop_signals, unblock_stop_signals


def test_a_stop_signal_before_the_handlers_is_delivered_after_them() -> None:
    block_stop_signals()
    child = os.fork()
    if child == 0:
        received: list[int] = []
        os.kill(os.getpid(), signal.SIGTERM)
        signal.signal(signal.SIGTERM, lambda number, _frame: received.append(number))
        unblock_stop_signals()
        os._exit(0 if received == [signal.SIGTERM] else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_the_parent_unblocks_signals_after_the_fork() -> None:
    block_stop_signals()
    assert signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    child = os.fork()
    if child == 0:
        os._exit(0)
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    os.waitpid(child, 0)
