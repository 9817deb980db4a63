"""Processes of the installation, forked from the supervisor.

A forked process shares the modules that the supervisor has loaded: with a new Python for each, the three
processes needed a third more time to start and a third more memory. The supervisor must have one thread and
no open connection when it forks.
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
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15  # prctl(2)
_MAX_NAME_BYTES = 15

Main = Callable[[], int]
"""The main function of a process; it returns the exit code."""


def fork(name: str, main: Main, environment: Mapping[str, str]) -> ForkProcess:
    """Start a process in its own session. It ends when this process ends; `ps -o comm` shows its name.

    The child has only the variables of `environment`. A signal that arrives during the fork waits: in
    the child until its handlers are reset, in this process until the child is started.
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
    """The same as `python -m gunicorn --config FILE`."""

    def main() -> int:
        sys.argv = [str(Path(gunicorn.__file__).with_name("__main__.py")), "--config", str(settings_file)]
        wsgiapp.run()
        return 0

    return main


def _run_child(name: str, main: Main, environment: Mapping[str, str], parent_id: int) -> None:
    os.setsid()
    _terminate_with_parent(parent_id, name)
    signal.set_wakeup_fd(-1)  # the supervisor's, which a signal of this process must not wake
    for number in (*_SIGNALS, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    with Path(os.devnull).open() as null_device:
        os.dup2(null_device.fileno(), 0)
    os.environ.clear()
    os.environ.update(environment)
    sys.exit(main())


def _terminate_with_parent(parent_id: int, name: str) -> None:
    """On Linux the kernel ends a child whose parent is gone; elsewhere such a child continues to run."""
    if sys.platform != "linux":
        return
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(_PR_SET_NAME, f"linkledger-{name}".encode()[:_MAX_NAME_BYTES])
    prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent_id:
        os._exit(1)
