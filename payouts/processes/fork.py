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
_DIE_WITH_PARENT, _CALL_IT = 1, 15  # PR_SET_PDEATHSIG and PR_SET_NAME, prctl(2)
_LONGEST_NAME = 15

Main = Callable[[], int]
"""What a process does; its exit code."""


def fork(name: str, main: Main, environment: Mapping[str, str]) -> ForkProcess:
    """Start it in a session of its own; `ps -o comm` shows its name. It dies with this process.

    A signal that comes meanwhile waits until each of both processes knows what to do with it.
    """
    process = multiprocessing.get_context("fork").Process(
        target=_live, args=(name, main, environment, os.getpid()), name=name, daemon=True
    )
    former = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        gc.freeze()  # pages that no collector looks through stay shared
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)
    return process


def gunicorn_main(settings_file: Path) -> Main:
    """`python -m gunicorn --config FILE`."""

    def main() -> int:
        sys.argv = [str(Path(gunicorn.__file__).with_name("__main__.py")), "--config", str(settings_file)]
        wsgiapp.run()
        return 0

    return main


def _live(name: str, main: Main, environment: Mapping[str, str], parent_id: int) -> None:
    os.setsid()
    _die_with(parent_id, name)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    os.environ.clear()
    os.environ.update(environment)
    sys.exit(main())


def _die_with(parent_id: int, name: str) -> None:
    """On Linux the kernel ends a child whose parent is gone; elsewhere a killed parent leaves children."""
    if sys.platform != "linux":
        return
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(_CALL_IT, f"linkledger-{name}".encode()[:_LONGEST_NAME])
    prctl(_DIE_WITH_PARENT, signal.SIGTERM)
    if os.getppid() != parent_id:
        os._exit(1)
