"""The second thread: it keeps on the disk what the committer is late with.

The committer itself cannot, because a thread inside a dead connection is stuck there (a stopped PostgreSQL
held one for four seconds in spite of every timeout, then said "ok"). So a click may arrive on both ways, and
every insert leaves out what is there already.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from tracker.clicks.metrics import SPOOL_AGE, SPOOL_BYTES, SPOOL_FAILURES, SPOOLED_CLICKS
from tracker.clicks.recording.commit_queue import Ticket, WaitingRoom
from tracker.clicks.recording.spool import Spool, make_spool

TICKS_IN_DEADLINE = 4

RENEW_S = 10.0
"""Between two tries to make a spool: each of them writes all of its room."""

_log = logging.getLogger(__name__)


class Guard:
    """Makes the spool, hands it to `made` for draining, and is its only writer. Replaces one that broke."""

    def __init__(
        self,
        room: WaitingRoom,
        folder: Path,
        spool_bytes: int,
        deadline_s: float,
        made: Callable[[Spool], None],
    ) -> None:
        self._room, self._folder, self._spool_bytes = room, folder, spool_bytes
        self._tick_s = deadline_s / TICKS_IN_DEADLINE
        self._made = made
        self._spool: Spool | None = None
        self._renew_at = 0.0
        self._failing = False

    def run(self) -> None:
        self._make_spool()
        while True:
            self._renew_spool()
            late = self._room.wait_for_late(self._tick_s)
            if late is None:
                return
            SPOOL_AGE.set(self._spool.age_s if self._spool else 0.0)
            if late:
                self._see_to(late)

    def _renew_spool(self) -> bool:
        """When there is none that takes clicks, but not all the time. Whether there is a new one."""
        if self._is_usable() or time.monotonic() < self._renew_at:
            return False
        self._renew_at = time.monotonic() + RENEW_S
        return self._make_spool()

    def _make_spool(self) -> bool:
        try:
            self._spool = make_spool(self._folder, self._spool_bytes)
        except OSError as error:
            self._fail("there is no spool for clicks, the database alone keeps them", error)
            return False
        self._made(self._spool)
        return True

    def _see_to(self, tickets: list[Ticket]) -> None:
        try:
            self._keep(tickets)
        except OSError as error:
            self._fail("clicks could not be kept in the spool", error)
            if self._renew_spool():
                return  # nobody was answered, so the next look finds all of them again
            if self._room.down:
                self._room.answer(tickets, recorded=False)
            else:
                time.sleep(self._tick_s)  # the committer may still come through
        else:
            self._failing = False
            self._room.answer(tickets, recorded=True)

    def _keep(self, tickets: list[Ticket]) -> None:
        if self._spool is None:
            raise OSError("there is no spool")
        self._spool.append([ticket.click for ticket in tickets])
        SPOOLED_CLICKS.inc(len(tickets))
        SPOOL_BYTES.set(self._spool.waiting_bytes)

    def _is_usable(self) -> bool:
        return self._spool is not None and not self._spool.broken

    def _fail(self, what: str, error: OSError) -> None:
        """Counted each time, said once for each time that it goes wrong."""
        SPOOL_FAILURES.inc()
        if not self._failing:
            _log.error("%s: %s", what, error.strerror or error)
        self._failing = True
