"""Limits the rate of failed authentication attempts, counted in memory per process.

The limit saves database lookups and log lines; it does not protect secrets, because 256 random bits cannot be
guessed at any rate. A count shared by all processes would cost a write for each failure.
"""

import threading
from collections import OrderedDict
from datetime import datetime, timedelta

from tracker.errors import LinkledgerError

MAX_FAILURES = 20
WINDOW = timedelta(minutes=1)
MAX_TRACKED_NAMES = 10_000


class TooManyFailures(LinkledgerError):
    """Too many failed attempts; a further one is allowed in `wait_s` seconds."""

    status = 429

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"Too many failed attempts with this key; try again in {wait_s} seconds.")
        self.wait_s = wait_s

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.wait_s)}


class FailedAttempts:
    """Allows `MAX_FAILURES` per `WINDOW` for each name, which is a client address together with a key id.

    Not the address alone: a client with an outdated key must not block a shop that calls from the same
    address with a valid one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def check_limit(self, name: str, now: datetime) -> None:
        """Raises TooManyFailures if the limit is reached, until the window has ended."""
        with self._lock:
            began, count = self._windows.get(name, (now, 0))
            left = began + WINDOW - now
            if count >= MAX_FAILURES and left > timedelta():
                raise TooManyFailures(-(-left // timedelta(seconds=1)))

    def record(self, name: str, now: datetime) -> None:
        """Count one failure. The oldest windows are forgotten above `MAX_TRACKED_NAMES`."""
        with self._lock:
            began, count = self._windows.pop(name, (now, 0))
            if now - began >= WINDOW:
                began, count = now, 0
            self._windows[name] = (began, count + 1)
            while len(self._windows) > MAX_TRACKED_NAMES:
                self._windows.popitem(last=False)
