"""A process of the installation, forked from the one that watches it.

So it starts with what that has loaded: three processes took a third longer to start, and as much more memory,
when each of them was a new Python. Whoever forks has one thread and no connection.
"""

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkProcess
from pathlib import Path

import gunicorn
from gunicorn.app import wsgiapp

_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15  # PR_SET_PDEATHSIG and PR_SET_NAME, prctl(2)
_MAX_NAME_BYTES = 15

Main = Callable[[], int]
"""What a process does; its exit code."""


def fork(name: str, main: Main, environment: Mapping[str, str]) -> ForkProcess:
    """Start it in a session of its own; `ps -o comm` shows its name. It dies with this process.

    Signals are blocked until both processes have installed their handlers.
    """
    process = multiprocessing.get_context("fork").Process(
        target=_run_child, args=(name, main, environment, os.getpid()), name=name, daemon=True
    )
    previous_mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        gc.freeze()  # memory pages that the garbage collector does not touch stay shared
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous_mask)
    return process


def gunicorn_main(settings_file: Path) -> Main:
    """`python -m gunicorn --config FILE`."""

    def main() -> int:
        sys.argv = [str(Path(gunicorn.__file__).with_name("__main__.py")), "--config", str(settings_file)]
        wsgiapp.run()
        return 0

    return main


def _run_child(name: str, main: Main, environment: Mapping[str, str], parent_id: int) -> None:
    os.setsid()
    _terminate_with_parent(parent_id, name)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    with Path(os.devnull).open() as null_device:
        os.dup2(null_device.fileno(), 0)
    os.environ.clear()
    os.environ.update(environment)
    sys.exit(main())


def _terminate_with_parent(parent_id: int, name: str) -> None:
    """On Linux the kernel ends a child whose parent is gone; elsewhere a killed parent leaves children."""
    if sys.platform != "linux":
        return
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(_PR_SET_NAME, f"linkledger-{name}".encode()[:_MAX_NAME_BYTES])
    prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent_id:
        os._exit(1)
