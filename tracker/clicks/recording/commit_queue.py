"""The commit queue: pending clicks are stored by the committer, or by the spool writer when the committer is late."""

import threading
import time
from collections.abc import Callable, Sequence

from tracker.clicks.recording.writers import NewClick

MAX_PENDING = 10_000
"""Beyond that a click is refused at once: a database that hangs must not fill the memory."""

MAX_BATCH_CLICKS = 1_000
"""Keeps the transaction on clicks.db short, for those who read it."""

LARGE_BATCH = 8
GATHER_TIMEOUT_S = 0.002
"""After a large batch, wait this long at most for half as many clicks: otherwise the first click would be
committed alone while all others are on their way, which costs a twelfth of the work (measured).
"""


class PendingClick:
    """A click that somebody waits for. `on_done` is called once, by any thread, and must be short."""

    __slots__ = ("click", "on_done", "resolved")

    def __init__(self, click: NewClick, on_done: Callable[[bool], None]) -> None:
        self.click, self.on_done, self.resolved = click, on_done, False


class CommitQueue:
    """What the two threads share. A ticket stays here until it is answered, whoever does it."""

    def __init__(self, deadline_s: float, *, has_spool: bool) -> None:
        self._deadline_s, self._has_spool = deadline_s, has_spool
        lock = threading.Lock()
        self._committer_wakeup = threading.Condition(lock)
        self._spool_writer_wakeup = threading.Condition(lock)
        self._lock = lock
        self._waiting: list[PendingClick] = []
        self._in_flight: list[PendingClick] = []
        self._busy_since: float | None = None
        self._batch_target = 1
        self._collecting = False
        self._spooling = False
        self.down = False
        self.closing = False

    def add(self, entries: Sequence[PendingClick]) -> bool:
        """All of them, or none: then there is no room, or the end has come."""
        with self._lock:
            if self.closing or len(self._waiting) >= MAX_PENDING:
                return False
            self._waiting += entries
            if self._spooling:
                self._spool_writer_wakeup.notify()
            elif not self._collecting or len(self._waiting) >= self._batch_target:
                self._committer_wakeup.notify()
            return True

    def close(self) -> None:
        with self._lock:
            self.closing = True
            self._committer_wakeup.notify_all()
            self._spool_writer_wakeup.notify_all()

    def resolve(self, entries: Sequence[PendingClick], *, recorded: bool) -> None:
        """Those who have no answer yet get this one."""
        with self._lock:
            unresolved = [entry for entry in entries if not entry.resolved]
            for entry in unresolved:
                entry.resolved = True
        for entry in unresolved:
            entry.on_done(recorded)

    # For the committer

    def wait_for_work(self, timeout_s: float | None) -> bool:
        """Returns when there is a click, or the time is over; False when this thread is to end."""
        with self._lock:
            if not self._waiting and not self.closing:
                self._committer_wakeup.wait(timeout_s)
            if 0 < len(self._waiting) < self._batch_target and not self.closing:
                self._collecting = True
                self._committer_wakeup.wait(GATHER_TIMEOUT_S)
                self._collecting = False
            if self.closing and (self.down or not self._unresolved()):
                return False
            self._busy_since = time.monotonic()
            return True

    def pause(self, length_s: float) -> None:
        end = time.monotonic() + length_s
        with self._lock:
            while not self.closing and (left := end - time.monotonic()) > 0:
                self._committer_wakeup.wait(left)

    def has_work(self) -> bool:
        return bool(self._waiting)

    def take(self) -> list[PendingClick]:
        """The next batch, which from now on is in flight."""
        with self._lock:
            taken, self._waiting = self._waiting[:MAX_BATCH_CLICKS], self._waiting[MAX_BATCH_CLICKS:]
            self._batch_target = len(taken) // 2 if len(taken) >= LARGE_BATCH else 1
            self._in_flight = [entry for entry in taken if not entry.resolved]
            return self._in_flight

    def succeeded(self) -> None:
        with self._lock:
            self._in_flight, self._busy_since, self.down = [], None, False

    def failed(self) -> list[PendingClick]:
        """The clicks to report as failed: none if there is a spool writer, which takes over all pending clicks."""
        with self._lock:
            in_flight, self._in_flight, self._busy_since = self._in_flight, [], None
            if self._has_spool:
                self._waiting, self.down = in_flight + self._waiting, True
                self._spool_writer_wakeup.notify()
                return []
            if not in_flight:
                in_flight, self._waiting = self._waiting, []
            return in_flight

    # For the guard

    def wait_for_overdue(self, tick_s: float) -> list[PendingClick] | None:
        """Overdue pending clicks, after one tick at most; None at shutdown."""
        with self._lock:
            was_spooling, self._spooling = self._spooling, self._is_late()
            if was_spooling and not self._spooling and self._waiting:
                self._committer_wakeup.notify()  # whoever came last had woken only the guard
            late = self._unresolved()[:MAX_BATCH_CLICKS] if self._spooling else []
            if late:
                return late
            if self.closing and not self._unresolved():
                return None
            self._spool_writer_wakeup.wait(tick_s)
            return []

    def _is_late(self) -> bool:
        since = self._busy_since
        return self.down or (since is not None and time.monotonic() - since >= self._deadline_s)

    def _unresolved(self) -> list[PendingClick]:
        if self._waiting and self._waiting[0].resolved:
            self._waiting = [entry for entry in self._waiting if not entry.resolved]
        return [entry for entry in self._in_flight + self._waiting if not entry.resolved]
