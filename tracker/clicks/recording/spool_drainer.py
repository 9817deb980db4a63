"""Drains spools into the database: the spool of this process and orphaned ones."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tracker.clicks.metrics import DRAINED_CLICKS, SPOOL_BYTES
from tracker.clicks.recording.commit_queue import MAX_BATCH_CLICKS
from tracker.clicks.recording.spool import Orphan, Spool, claim_orphan
from tracker.clicks.recording.writers import NewClick, OpenWriter, RowRejected, open_writer

ORPHAN_CHECK_INTERVAL_S = 5.0

_log = logging.getLogger(__name__)


class SpoolDrainer:
    """`write` commits a batch and raises what the driver raises; used by the committer's thread alone."""

    def __init__(self, folder: Path, write: Callable[[Sequence[NewClick]], None]) -> None:
        self._folder, self._write = folder, write
        self._orphan: Orphan | None = None
        self._next_check_at = 0.0
        self.own: Spool | None = None
        self._replaced: list[Spool] = []

    def adopt(self, orphan: Orphan) -> None:
        self._orphan = orphan

    def use(self, spool: Spool) -> None:
        """This process's spool from now on, in place of one that broke. Any thread may say so."""
        former, self.own = self.own, spool
        if former is not None:
            self._replaced.append(former)

    def next_check_s(self) -> float:
        """How long there is nothing to do here."""
        if self._orphan is not None or (self.own is not None and self.own.pending_bytes):
            return 0.0
        return max(self._next_check_at - time.monotonic(), 0.0)

    def drain_batch(self) -> None:
        """Bring a batch of clicks into the database, if any wait. Raises what the driver raises."""
        self._close_replaced()
        if self.own is not None and self.own.pending_bytes:
            self._drain_own(self.own)
        elif self._orphan is None and time.monotonic() >= self._next_check_at:
            self._orphan = claim_orphan(self._folder)
            self._next_check_at = 0.0 if self._orphan else time.monotonic() + ORPHAN_CHECK_INTERVAL_S
        if self._orphan is not None:
            self._drain_orphan(self._orphan)

    def release_orphan(self) -> None:
        """The database failed: release the orphan, so that another process can drain it."""
        self._close_replaced()
        if self._orphan is not None:
            self._orphan.release()
            self._orphan = None

    def _close_replaced(self) -> None:
        """They become orphans, which any process may claim."""
        while self._replaced:
            self._replaced.pop().close()
            self._next_check_at = 0.0

    def _drain_own(self, spool: Spool) -> None:
        clicks, place = spool.waiting(MAX_BATCH_CLICKS)
        self._insert_clicks(clicks)
        spool.drained(place)
        SPOOL_BYTES.set(spool.pending_bytes)

    def _drain_orphan(self, orphan: Orphan) -> None:
        clicks = orphan.next(MAX_BATCH_CLICKS)
        if clicks:
            self._insert_clicks(clicks)
        else:
            self._orphan = None
            orphan.remove()

    def _insert_clicks(self, clicks: Sequence[NewClick]) -> None:
        """If the database rejects a batch, insert its clicks one by one and skip the invalid one."""
        if not clicks:
            return
        try:
            self._write(clicks)
        except RowRejected:
            if len(clicks) == 1:
                _log.error("a click from a spool breaks a rule of the table of clicks and is left out")
                return
            for click in clicks:
                self._insert_clicks([click])
        else:
            DRAINED_CLICKS.inc(len(clicks))


def drain_orphans(folder: Path, clicks_url: str, open_writer: OpenWriter = open_writer) -> int:
    """Bring all that dead processes left in their spools into the database. How many clicks that were.

    Some may have been in it already. Raises what the driver raises; then what is left stays in its file.
    """
    orphan = claim_orphan(folder)
    if orphan is None:
        return 0
    drained = 0

    def write(clicks: Sequence[NewClick]) -> None:
        nonlocal drained
        writer = open_writer(clicks_url)  # for each batch anew: after an error it would be useless
        try:
            with writer.write_lock():
                writer.write(clicks)
        finally:
            writer.close()
        drained += len(clicks)

    drainer = SpoolDrainer(folder, write)
    drainer.adopt(orphan)
    try:
        while drainer.next_check_s() == 0.0:
            drainer.drain_batch()
    finally:
        drainer.release_orphan()
    return drained
