"""The commit queue: the committer stores pending clicks; when it is late, the spool writer does."""

import threading
import time
from collections.abc import Callable, Sequence

from tracker.clicks.recording.writers import NewClick

MAX_PENDING = 10_000
"""Above this limit clicks are refused at once: a hanging database must not exhaust memory."""

MAX_BATCH_CLICKS = 1_000
"""Keeps write transactions on clicks.db short, so that readers are not delayed."""

LARGE_BATCH = 8
GATHER_TIMEOUT_S = 0.002
"""After a large batch, the longest wait for half as many clicks. Without it the first click is committed
alone while the others are arriving, which costs a twelfth of the work (measured).
"""


class PendingClick:
    """A click whose result a caller waits for. `on_done` is called once, by any thread, and must be short."""

    __slots__ = ("click", "on_done", "resolved")

    def __init__(self, click: NewClick, on_done: Callable[[bool], None]) -> None:
        self.click, self.on_done, self.resolved = click, on_done, False


class CommitQueue:
    """Shared by both threads. A pending click stays here until one of them resolves it."""

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
        self._spool_writer_sleeps = False
        self.down = False
        self.closing = False

    def add(self, entries: Sequence[PendingClick]) -> bool:
        """Add all entries. False, and nothing is added, when the queue is full or closing."""
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
        """Report the result of entries that have none yet."""
        with self._lock:
            unresolved = [entry for entry in entries if not entry.resolved]
            for entry in unresolved:
                entry.resolved = True
        for entry in unresolved:
            entry.on_done(recorded)

    # For the committer

    def wait_for_work(self, timeout_s: float | None) -> bool:
        """Returns True when there is a click or the time-out has passed, False when this thread must end."""
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
            if self._spool_writer_sleeps:
                self._spool_writer_wakeup.notify()  # it watches the deadline of what begins now
            return True

    def pause(self, length_s: float) -> None:
        """Returns earlier when the queue is closed."""
        end = time.monotonic() + length_s
        with self._lock:
            while not self.closing and (left := end - time.monotonic()) > 0:
                self._committer_wakeup.wait(left)

    def has_work(self) -> bool:
        return bool(self._waiting)

    def take(self) -> list[PendingClick]:
        """The next batch; it is in flight until `succeeded` or `failed` is called."""
        with self._lock:
            taken, self._waiting = self._waiting[:MAX_BATCH_CLICKS], self._waiting[MAX_BATCH_CLICKS:]
            self._batch_target = len(taken) // 2 if len(taken) >= LARGE_BATCH else 1
            self._in_flight = [entry for entry in taken if not entry.resolved]
            return self._in_flight

    def succeeded(self) -> None:
        with self._lock:
            self._in_flight, self._busy_since, self.down = [], None, False

    def failed(self) -> list[PendingClick]:
        """The clicks to report as failed: none if there is a spool writer, which then takes over."""
        with self._lock:
            in_flight, self._in_flight, self._busy_since = self._in_flight, [], None
            if self._has_spool:
                self._waiting, self.down = in_flight + self._waiting, True
                self._spool_writer_wakeup.notify()
                return []
            if not in_flight:
                in_flight, self._waiting = self._waiting, []
            return in_flight

    # For the spool writer

    def wait_for_overdue(self, tick_s: float, *, may_sleep: bool = False) -> list[PendingClick] | None:
        """Overdue pending clicks, after at most one tick; None at shutdown.

        `may_sleep`: the caller has nothing to do at the next tick. It sleeps until the committer has work,
        and then until the deadline of that work.
        """
        with self._lock:
            was_spooling, self._spooling = self._spooling, self._is_late()
            if was_spooling and not self._spooling and self._waiting:
                # Clicks added in the meantime woke only the spool writer.
                self._committer_wakeup.notify()
            late = self._unresolved()[:MAX_BATCH_CLICKS] if self._spooling else []
            if late:
                return late
            if self.closing and not self._unresolved():
                return None
            if may_sleep and not self._spooling and not self.closing:
                self._sleep_until_deadline()
            else:
                self._spool_writer_wakeup.wait(tick_s)
            return []

    def _sleep_until_deadline(self) -> None:
        """Wait, with the lock, until the committer may be late: one wake-up for each busy time."""
        self._spool_writer_sleeps = self._busy_since is None
        left_s = None if self._busy_since is None else self._busy_since + self._deadline_s - time.monotonic()
        self._spool_writer_wakeup.wait(left_s)
        self._spool_writer_sleeps = False

    def _is_late(self) -> bool:
        since = self._busy_since
        return self.down or (since is not None and time.monotonic() - since >= self._deadline_s)

    def _unresolved(self) -> list[PendingClick]:
        if self._waiting and self._waiting[0].resolved:
            self._waiting = [entry for entry in self._waiting if not entry.resolved]
        return [entry for entry in self._in_flight + self._waiting if not entry.resolved]
