"""Counts failed authentication attempts in memory and limits their rate.

Of this process alone: guessing at 256 random bits is hopeless at any speed, so what is spared are look-ups
and lines in the log, not secrets. A shared count would cost a write for each failure.
"""

import threading
from collections import OrderedDict
from datetime import datetime, timedelta

from tracker.errors import LinkledgerError

MAX_FAILURES = 20
WINDOW = timedelta(minutes=1)
MAX_TRACKED_NAMES = 10_000


class TooManyFailures(LinkledgerError):
    status = 429

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"Too many failed attempts with this key; try again in {wait_s} seconds.")
        self.wait_s = wait_s

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.wait_s)}


class FailedAttempts:
    """`MAX_FAILURES` in a `WINDOW` by one name, which is an address and the key that it showed.

    Address and key together: an outdated client must not block the shop that calls from the same
    address with a good one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def check_limit(self, name: str, now: datetime) -> None:
        """Raises TooManyFailures until the window in which they happened is over."""
        with self._lock:
            began, count = self._windows.get(name, (now, 0))
            left = began + WINDOW - now
            if count >= MAX_FAILURES and left > timedelta():
                raise TooManyFailures(-(-left // timedelta(seconds=1)))

    def record(self, name: str, now: datetime) -> None:
        with self._lock:
            began, count = self._windows.pop(name, (now, 0))
            if now - began >= WINDOW:
                began, count = now, 0
            self._windows[name] = (began, count + 1)
            while len(self._windows) > MAX_TRACKED_NAMES:
                self._windows.popitem(last=False)
