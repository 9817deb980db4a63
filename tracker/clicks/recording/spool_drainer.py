"""The spool drainer moves clicks to the database: from the spool of this process and from orphaned ones."""

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
    """`write` commits a batch and raises the driver's errors. Only the committer thread uses the drainer."""

    def __init__(self, folder: Path, write: Callable[[Sequence[NewClick]], None]) -> None:
        self._folder, self._write = folder, write
        self._orphan: Orphan | None = None
        self._next_check_at = 0.0
        self.own: Spool | None = None
        self._replaced: list[Spool] = []

    def adopt(self, orphan: Orphan) -> None:
        """Drain this orphan next."""
        self._orphan = orphan

    def use(self, spool: Spool) -> None:
        """Set this process's spool; it replaces a broken one. Any thread may call this."""
        former, self.own = self.own, spool
        if former is not None:
            self._replaced.append(former)

    def next_check_s(self) -> float:
        """Seconds until the next check; 0 when clicks are waiting."""
        if self._orphan is not None or (self.own is not None and self.own.pending_bytes):
            return 0.0
        return max(self._next_check_at - time.monotonic(), 0.0)

    def drain_batch(self) -> None:
        """Move a batch of clicks to the database, if there is one. Raises the driver's errors."""
        self._close_replaced()
        if self.own is not None and self.own.pending_bytes:
            self._drain_own(self.own)
        elif self._orphan is None and time.monotonic() >= self._next_check_at:
            self._orphan = claim_orphan(self._folder)
            self._next_check_at = 0.0 if self._orphan else time.monotonic() + ORPHAN_CHECK_INTERVAL_S
        if self._orphan is not None:
            self._drain_orphan(self._orphan)

    def release_orphan(self) -> None:
        """After a database failure: release the orphan, so that another process can drain it."""
        self._close_replaced()
        if self._orphan is not None:
            self._orphan.release()
            self._orphan = None

    def _close_replaced(self) -> None:
        """Close replaced spools: they become orphans, which any process may claim."""
        while self._replaced:
            self._replaced.pop().close()
            self._next_check_at = 0.0

    def _drain_own(self, spool: Spool) -> None:
        clicks, end_offset = spool.pending(MAX_BATCH_CLICKS)
        self._insert_clicks(clicks)
        spool.mark_drained(end_offset)
        SPOOL_BYTES.set(spool.pending_bytes)

    def _drain_orphan(self, orphan: Orphan) -> None:
        clicks = orphan.next_clicks(MAX_BATCH_CLICKS)
        if clicks:
            self._insert_clicks(clicks)
        else:
            self._orphan = None
            orphan.remove()

    def _insert_clicks(self, clicks: Sequence[NewClick]) -> None:
        """If the database rejects a batch, insert its clicks one by one and skip invalid ones."""
        if not clicks:
            return
        try:
            self._write(clicks)
        except RowRejected:
            if len(clicks) == 1:
                _log.error("a click from a spool violates a constraint of the click table and is skipped")
                return
            for click in clicks:
                self._insert_clicks([click])
        else:
            DRAINED_CLICKS.inc(len(clicks))


def drain_orphans(folder: Path, clicks_url: str, open_writer: OpenWriter = open_writer) -> int:
    """Move the clicks of orphaned spools to the database. Returns how many; some may have been there already.

    Raises the driver's errors; the remaining clicks then stay in their files.
    """
    orphan = claim_orphan(folder)
    if orphan is None:
        return 0
    drained = 0

    def write(clicks: Sequence[NewClick]) -> None:
        nonlocal drained
        writer = open_writer(clicks_url)  # for each batch: after an error a writer cannot be used again
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
