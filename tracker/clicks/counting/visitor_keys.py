"""The keys of visitor hashes: one for each day (UTC), in files outside the database and its backups.

A key is created a day ahead, so that every process has one at midnight, is used on its day and the next, and
is then destroyed. After that a hash cannot be linked to a visitor, not even with the whole database. Each
machine has its own keys: one visitor at two machines counts as two.
"""

import logging
import re
import time
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from config.secret_file import destroy_secret, load_or_create_secret
from tracker.clicks.counting.visitor import DayKeys
from tracker.clicks.metrics import KEYLESS_CLICKS

FOLDER = "keys"
DAY = timedelta(days=1)
KEY_BACKOFF_S = 5.0
"""Back-off after the key files could not be read."""
_NAME = re.compile(r"visitor-(\d{4}-\d{2}-\d{2})")

_log = logging.getLogger(__name__)


class VisitorKeys:
    """The keys of a process. Reads the files once a day and drops expired keys."""

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER
        self._cached: tuple[date, DayKeys] | None = None
        self._next_check_at = 0.0

    def at(self, now: datetime) -> DayKeys | None:
        """None when the files cannot be used: clicks then have no visitor hash; redirects continue."""
        day = now.date()
        cached = self._cached
        if cached is not None and cached[0] == day:
            return cached[1]
        if time.monotonic() < self._next_check_at:
            return None
        try:
            keys = DayKeys(_load_or_create_key(self._folder, day), _read_key(self._folder, day - DAY))
        except OSError as error:
            self._next_check_at = time.monotonic() + KEY_BACKOFF_S
            KEYLESS_CLICKS.inc()
            _log.error("the keys of visitor hashes cannot be used: %s; see LINKLEDGER_HOME", error.strerror)
            return None
        self._cached = (day, keys)
        return keys


def rotate_keys(home: Path, now: datetime) -> int:
    """Create the keys of today and tomorrow, destroy those before yesterday. Returns the number destroyed."""
    folder, today = home / FOLDER, now.date()
    for day in (today, today + DAY):
        _load_or_create_key(folder, day)
    old = [path for path in folder.iterdir() if (day_of := _day(path)) is not None and day_of < today - DAY]
    return sum(destroy_secret(path) for path in old)


def _load_or_create_key(folder: Path, day: date) -> bytes:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _bytes(load_or_create_secret(_path(folder, day)))


def _read_key(folder: Path, day: date) -> bytes | None:
    try:
        return _bytes(_path(folder, day).read_text().strip())
    except FileNotFoundError:
        return None


def _bytes(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def _path(folder: Path, day: date) -> Path:
    return folder / f"visitor-{day.isoformat()}"


def _day(path: Path) -> date | None:
    found = _NAME.fullmatch(path.name)
    return date.fromisoformat(found[1]) if found else None
