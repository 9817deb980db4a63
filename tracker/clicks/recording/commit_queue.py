"""Clicks whose visitors wait, and who sees to them: the committer, or the guard when that one is late."""

import threading
import time
from collections.abc import Callable, Sequence

from tracker.clicks.recording.writers import NewClick

MOST_WAITING = 10_000
"""Beyond that a click is refused at once: a database that hangs must not fill the memory."""

MOST_IN_A_BATCH = 1_000
"""Keeps the transaction on clicks.db short, for those who read it."""

MANY = 8
PATIENCE_S = 0.002
"""After a batch of many, half as many more are waited for, so long at most: whoever was quickest would be
committed alone while all others are on their way, which costs a twelfth of the work (measured).
"""


class Ticket:
    """A click that somebody waits for. `tell` is called once, by any thread, and must be short."""

    __slots__ = ("answered", "click", "tell")

    def __init__(self, click: NewClick, tell: Callable[[bool], None]) -> None:
        self.click, self.tell, self.answered = click, tell, False


class WaitingRoom:
    """What the two threads share. A ticket stays here until it is answered, whoever does it."""

    def __init__(self, deadline_s: float, *, guarded: bool) -> None:
        self._deadline_s, self._guarded = deadline_s, guarded
        lock = threading.Lock()
        self._for_committer = threading.Condition(lock)
        self._for_guard = threading.Condition(lock)
        self._lock = lock
        self._waiting: list[Ticket] = []
        self._in_flight: list[Ticket] = []
        self._busy_since: float | None = None
        self._enough = 1
        self._gathering = False
        self._relieving = False
        self.down = False
        self.closing = False

    def add(self, tickets: Sequence[Ticket]) -> bool:
        """All of them, or none: then there is no room, or the end has come."""
        with self._lock:
            if self.closing or len(self._waiting) >= MOST_WAITING:
                return False
            self._waiting += tickets
            if self._relieving:
                self._for_guard.notify()
            elif not self._gathering or len(self._waiting) >= self._enough:
                self._for_committer.notify()
            return True

    def close(self) -> None:
        with self._lock:
            self.closing = True
            self._for_committer.notify_all()
            self._for_guard.notify_all()

    def answer(self, tickets: Sequence[Ticket], *, recorded: bool) -> None:
        """Those who have no answer yet get this one."""
        with self._lock:
            fresh = [ticket for ticket in tickets if not ticket.answered]
            for ticket in fresh:
                ticket.answered = True
        for ticket in fresh:
            ticket.tell(recorded)

    # For the committer

    def wait_for_work(self, timeout_s: float | None) -> bool:
        """Returns when there is a click, or the time is over; False when this thread is to end."""
        with self._lock:
            if not self._waiting and not self.closing:
                self._for_committer.wait(timeout_s)
            if 0 < len(self._waiting) < self._enough and not self.closing:
                self._gathering = True
                self._for_committer.wait(PATIENCE_S)
                self._gathering = False
            if self.closing and (self.down or not self._unanswered()):
                return False
            self._busy_since = time.monotonic()
            return True

    def pause(self, length_s: float) -> None:
        end = time.monotonic() + length_s
        with self._lock:
            while not self.closing and (left := end - time.monotonic()) > 0:
                self._for_committer.wait(left)

    def has_work(self) -> bool:
        return bool(self._waiting)

    def take(self) -> list[Ticket]:
        """The next batch, which from now on is in flight."""
        with self._lock:
            taken, self._waiting = self._waiting[:MOST_IN_A_BATCH], self._waiting[MOST_IN_A_BATCH:]
            self._enough = len(taken) // 2 if len(taken) >= MANY else 1
            self._in_flight = [ticket for ticket in taken if not ticket.answered]
            return self._in_flight

    def succeeded(self) -> None:
        with self._lock:
            self._in_flight, self._busy_since, self.down = [], None, False

    def failed(self) -> list[Ticket]:
        """Who is to be told: nobody when there is a guard, who takes over what is in flight or waits."""
        with self._lock:
            in_flight, self._in_flight, self._busy_since = self._in_flight, [], None
            if self._guarded:
                self._waiting, self.down = in_flight + self._waiting, True
                self._for_guard.notify()
                return []
            if not in_flight:
                in_flight, self._waiting = self._waiting, []
            return in_flight

    # For the guard

    def wait_for_late(self, tick_s: float) -> list[Ticket] | None:
        """Tickets that the committer does not see to in time, after a tick at most; None when all is over."""
        with self._lock:
            relieved, self._relieving = self._relieving, self._is_late()
            if relieved and not self._relieving and self._waiting:
                self._for_committer.notify()  # whoever came last had woken only the guard
            late = self._unanswered()[:MOST_IN_A_BATCH] if self._relieving else []
            if late:
                return late
            if self.closing and not self._unanswered():
                return None
            self._for_guard.wait(tick_s)
            return []

    def _is_late(self) -> bool:
        since = self._busy_since
        return self.down or (since is not None and time.monotonic() - since >= self._deadline_s)

    def _unanswered(self) -> list[Ticket]:
        if self._waiting and self._waiting[0].answered:
            self._waiting = [ticket for ticket in self._waiting if not ticket.answered]
        return [ticket for ticket in self._in_flight + self._waiting if not ticket.answered]
