"""The second thread: it keeps on the disk what the committer is late with.

The committer itself cannot, because a thread inside a dead connection is stuck there (a stopped PostgreSQL
held one for four seconds in spite of every timeout, then said "ok"). So a click may arrive on both ways, and
every insert leaves out what is there already.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from tracker.clicks.metrics import SPOOL_BYTES, SPOOL_FAILURES, SPOOL_SINCE, SPOOLED_CLICKS
from tracker.clicks.spool import Spool, make_spool
from tracker.clicks.waiting import Ticket, WaitingRoom

TICKS_IN_DEADLINE = 4

_log = logging.getLogger(__name__)


class Guard:
    """Makes the spool, hands it to `made` for draining, and is its only writer."""

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

    def run(self) -> None:
        try:
            self._spool = make_spool(self._folder, self._spool_bytes)
            self._made(self._spool)
        except OSError as error:
            SPOOL_FAILURES.inc()
            _log.error("there is no spool for clicks, the database alone keeps them: %s", error.strerror)
        while (late := self._room.wait_for_late(self._tick_s)) is not None:
            if late:
                self._see_to(late)

    def _see_to(self, tickets: list[Ticket]) -> None:
        try:
            self._keep(tickets)
        except OSError:
            SPOOL_FAILURES.inc()
            if self._room.down:
                self._room.answer(tickets, recorded=False)
            else:
                time.sleep(self._tick_s)  # the committer may still come through
        else:
            self._room.answer(tickets, recorded=True)

    def _keep(self, tickets: list[Ticket]) -> None:
        if self._spool is None:
            raise OSError("there is no spool")
        if not self._spool.waiting_bytes:
            SPOOL_SINCE.set_to_current_time()
        self._spool.append([ticket.click for ticket in tickets])
        SPOOLED_CLICKS.inc(len(tickets))
        SPOOL_BYTES.set(self._spool.waiting_bytes)
