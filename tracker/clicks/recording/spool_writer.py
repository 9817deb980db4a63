"""The spool writer thread: it writes clicks to the spool when the committer is late.

The committer cannot do this itself: a thread that waits on a dead connection is stuck (a stopped PostgreSQL
blocked one for four seconds despite every timeout, then reported success). So a click may be written both
ways, and every insert ignores clicks that exist.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from tracker.clicks.metrics import SPOOL_AGE, SPOOL_BYTES, SPOOL_FAILURES, SPOOLED_CLICKS
from tracker.clicks.recording.commit_queue import CommitQueue, PendingClick
from tracker.clicks.recording.spool import Spool, create_spool

CHECKS_PER_DEADLINE = 4

SPOOL_RETRY_S = 10.0
"""Between two attempts to create a spool: each attempt writes the whole preallocated file."""

_log = logging.getLogger(__name__)


class SpoolWriter:
    """Creates the spool and is its only writer; replaces a broken one.

    `on_spool_created` gets each new spool, so that it is drained.
    """

    def __init__(
        self,
        queue: CommitQueue,
        folder: Path,
        spool_bytes: int,
        deadline_s: float,
        on_spool_created: Callable[[Spool], None],
    ) -> None:
        self._queue, self._folder, self._spool_bytes = queue, folder, spool_bytes
        self._tick_s = deadline_s / CHECKS_PER_DEADLINE
        self._on_spool_created = on_spool_created
        self._spool: Spool | None = None
        self._retry_at = 0.0
        self._failing = False

    def run(self) -> None:
        self._create_spool()
        while True:
            self._retry_spool()
            has_no_work = self._has_no_work()
            SPOOL_AGE.set(self._spool.age_s if self._spool else 0.0)
            late = self._queue.wait_for_overdue(self._tick_s, may_sleep=has_no_work)
            if late is None:
                return
            if late:
                self._spool_overdue(late)

    def _retry_spool(self) -> bool:
        """Create a spool if none is usable, at most every SPOOL_RETRY_S. Returns whether one was created."""
        if self._is_usable() or time.monotonic() < self._retry_at:
            return False
        self._retry_at = time.monotonic() + SPOOL_RETRY_S
        return self._create_spool()

    def _create_spool(self) -> bool:
        try:
            self._spool = create_spool(self._folder, self._spool_bytes)
        except OSError as error:
            self._report_failure("no spool for clicks could be created; only the database stores them", error)
            return False
        self._on_spool_created(self._spool)
        return True

    def _spool_overdue(self, entries: list[PendingClick]) -> None:
        try:
            self._append(entries)
        except OSError as error:
            self._report_failure("clicks could not be stored in the spool", error)
            if self._retry_spool():
                return  # no click was resolved, so the next check returns them again
            if self._queue.down:
                self._queue.resolve(entries, recorded=False)
            else:
                time.sleep(self._tick_s)  # the committer may still succeed
        else:
            self._failing = False
            self._queue.resolve(entries, recorded=True)

    def _append(self, entries: list[PendingClick]) -> None:
        if self._spool is None:
            raise OSError("there is no spool")
        self._spool.append([entry.click for entry in entries])
        SPOOLED_CLICKS.inc(len(entries))
        SPOOL_BYTES.set(self._spool.pending_bytes)

    def _has_no_work(self) -> bool:
        """Whether a spool is ready and empty: then there is nothing to retry and no age to report."""
        return self._spool is not None and not self._spool.broken and not self._spool.pending_bytes

    def _is_usable(self) -> bool:
        return self._spool is not None and not self._spool.broken

    def _report_failure(self, message: str, error: OSError) -> None:
        """Count every failure; log once per outage."""
        SPOOL_FAILURES.inc()
        if not self._failing:
            _log.error("%s: %s", message, error.strerror or error)
        self._failing = True
