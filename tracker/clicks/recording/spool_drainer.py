"""What waits in spools comes into the database: from this process's own, and from those of the dead."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tracker.clicks.metrics import DRAINED_CLICKS, SPOOL_BYTES
from tracker.clicks.recording.commit_queue import MOST_IN_A_BATCH
from tracker.clicks.recording.spool import Orphan, Spool, take_orphan
from tracker.clicks.recording.writers import NewClick, OpenWriter, RowRefused, open_writer

LOOK_FOR_ORPHANS_S = 5.0

_log = logging.getLogger(__name__)


class Drain:
    """`write` commits a batch and raises what the driver raises; used by the committer's thread alone."""

    def __init__(self, folder: Path, write: Callable[[Sequence[NewClick]], None]) -> None:
        self._folder, self._write = folder, write
        self._orphan: Orphan | None = None
        self._look_again_at = 0.0
        self.own: Spool | None = None
        self._former: list[Spool] = []

    def adopt(self, orphan: Orphan) -> None:
        self._orphan = orphan

    def use(self, spool: Spool) -> None:
        """This process's spool from now on, in place of one that broke. Any thread may say so."""
        former, self.own = self.own, spool
        if former is not None:
            self._former.append(former)

    def next_look_s(self) -> float:
        """How long there is nothing to do here."""
        if self._orphan is not None or (self.own is not None and self.own.waiting_bytes):
            return 0.0
        return max(self._look_again_at - time.monotonic(), 0.0)

    def some(self) -> None:
        """Bring a batch of clicks into the database, if any wait. Raises what the driver raises."""
        self._let_go_of_former()
        if self.own is not None and self.own.waiting_bytes:
            self._from_own(self.own)
        elif self._orphan is None and time.monotonic() >= self._look_again_at:
            self._orphan = take_orphan(self._folder)
            self._look_again_at = 0.0 if self._orphan else time.monotonic() + LOOK_FOR_ORPHANS_S
        if self._orphan is not None:
            self._from_orphan(self._orphan)

    def give_up(self) -> None:
        """The database fails: somebody else may have more luck with what is not our own."""
        self._let_go_of_former()
        if self._orphan is not None:
            self._orphan.leave()
            self._orphan = None

    def _let_go_of_former(self) -> None:
        """They become orphans: whoever looks next takes them, this process too."""
        while self._former:
            self._former.pop().close()
            self._look_again_at = 0.0

    def _from_own(self, spool: Spool) -> None:
        clicks, place = spool.waiting(MOST_IN_A_BATCH)
        self._bring_in(clicks)
        spool.drained(place)
        SPOOL_BYTES.set(spool.waiting_bytes)

    def _from_orphan(self, orphan: Orphan) -> None:
        clicks = orphan.next(MOST_IN_A_BATCH)
        if clicks:
            self._bring_in(clicks)
        else:
            self._orphan = None
            orphan.remove()

    def _bring_in(self, clicks: Sequence[NewClick]) -> None:
        """A click that the table will never take must not keep the others out: they go in one by one."""
        if not clicks:
            return
        try:
            self._write(clicks)
        except RowRefused:
            if len(clicks) == 1:
                _log.error("a click from a spool breaks a rule of the table of clicks and is left out")
                return
            for click in clicks:
                self._bring_in([click])
        else:
            DRAINED_CLICKS.inc(len(clicks))


def drain_orphans(folder: Path, clicks_url: str, open_writer: OpenWriter = open_writer) -> int:
    """Bring all that dead processes left in their spools into the database. How many clicks that were.

    Some may have been in it already. Raises what the driver raises; then what is left stays in its file.
    """
    orphan = take_orphan(folder)
    if orphan is None:
        return 0
    drained = 0

    def write(clicks: Sequence[NewClick]) -> None:
        nonlocal drained
        writer = open_writer(clicks_url)  # for each batch anew: after an error it would be useless
        try:
            with writer.turn():
                writer.write(clicks)
        finally:
            writer.close()
        drained += len(clicks)

    drain = Drain(folder, write)
    drain.adopt(orphan)
    try:
        while drain.next_look_s() == 0.0:
            drain.some()
    finally:
        drain.give_up()
    return drained
