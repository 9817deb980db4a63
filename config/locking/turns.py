"""Fair turns at SQLite's write lock: people and webhooks before jobs, and one job after the other.

SQLite has one write lock. Who waits for it sleeps up to 100 ms between two attempts, so that processes which
write batch after batch nearly always take it first (measured: docs/decisions/0097). Three lock files beside
the database order those who want it:

* `writer`: who has it may begin a write transaction.
* `gate`: people share it from when they want to write until they have written. A job needs it alone, for a
  moment: it begins only when no person waits.
* `jobs`: the queue of the jobs, so that at most one of them writes or waits at the gate.

The files only order the transactions. A process that cannot use them, or has waited too long, goes on to
SQLite's own lock and its busy handler, which keep the data safe.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path

import structlog

PATIENCE_S = 5.0
"""How long a person's transaction waits for its turn, before it competes for SQLite's lock as it is."""
JOB_PATIENCE_S = 15.0
"""The same for a job in the queue and at the writer's lock."""
COURTESY_S = 0.25
"""How long a job lets people go first. After that it competes with them, so that jobs keep a share when
webhooks never pause."""
FIRST_PAUSE_S, LONGEST_PAUSE_S, PAUSE_GROWTH = 0.0005, 0.003, 1.5
"""Pauses between two attempts: flock(2) has no timeout, and a signal would not end its wait in a thread."""

log = structlog.get_logger(__name__)


class Turn(StrEnum):
    """Whose transactions an engine runs."""

    PEOPLE = "people"
    """Webhooks, API, pages, and commands that write a little."""

    JOBS = "jobs"
    """The scheduler, and commands that write in many batches."""


@contextmanager
def turn_at(database: Path, turn: Turn) -> Iterator[None]:
    """Wait for a turn at the write lock of a SQLite database, and have it inside the `with` block."""
    with ExitStack() as locks:
        try:
            came = _await_turn(locks, database, turn)
        except OSError:
            came = True  # no lock files are possible here
        if not came:
            log.warning("waited too long for a turn at the database", turn=turn.value)
        yield


def _await_turn(locks: ExitStack, database: Path, turn: Turn) -> bool:
    gate, writer = (locks.enter_context(_lock_file(database, name)) for name in ("gate", "writer"))
    if turn is Turn.PEOPLE:
        deadline_s = time.monotonic() + PATIENCE_S
        return gate.lock(deadline_s, shared=True) and writer.lock(deadline_s)
    deadline_s = time.monotonic() + JOB_PATIENCE_S
    queue = locks.enter_context(_lock_file(database, "jobs"))
    if not queue.lock(deadline_s):
        return False
    gate.lock(time.monotonic() + COURTESY_S)
    came = writer.lock(deadline_s)
    gate.unlock()  # people who arrive now wait for the writer's lock and are the next to have it
    return came


class _LockFile:
    """A lock file, opened for one turn.

    flock(2) locks belong to the open file, so each turn opens its own: the threads of a process exclude each
    other, too. The kernel frees the lock when the process is killed.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def lock(self, deadline_s: float, *, shared: bool = False) -> bool:
        """Returns False when the lock was not free until the deadline on the monotonic clock."""
        kind, pause_s = fcntl.LOCK_SH if shared else fcntl.LOCK_EX, FIRST_PAUSE_S
        while True:
            try:
                fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline_s:
                    return False
            else:
                return True
            time.sleep(pause_s)
            pause_s = min(pause_s * PAUSE_GROWTH, LONGEST_PAUSE_S)

    def unlock(self) -> None:
        """Explicitly, because closing the file frees the lock only if no forked process has it open."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)


@contextmanager
def _lock_file(database: Path, name: str) -> Iterator[_LockFile]:
    path = database.with_suffix(f".{name}.lock")
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _mode(database))
    _open_descriptors.add(descriptor)
    lock_file = _LockFile(descriptor)
    try:
        yield lock_file
    finally:
        lock_file.unlock()
        _open_descriptors.discard(descriptor)
        os.close(descriptor)


def _mode(database: Path) -> int:
    """Only those who may write to the database may open a lock file, and so delay others."""
    try:
        writable = database.stat().st_mode & 0o222
    except FileNotFoundError:
        return 0o600
    return 0o600 | writable | writable << 1


_open_descriptors: set[int] = set()


def _forget_inherited() -> None:
    """A forked process must not keep the locks of its parent; closing them here frees none."""
    for descriptor in _open_descriptors:
        os.close(descriptor)
    _open_descriptors.clear()


os.register_at_fork(after_in_child=_forget_inherited)
