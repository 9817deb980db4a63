"""The committer thread: it writes all pending clicks in one commit while the next batch gathers."""

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tracker.clicks.metrics import BATCH_CLICKS, CLICK_BATCHES, COMMIT_SECONDS
from tracker.clicks.recording.commit_queue import CommitQueue, PendingClick
from tracker.clicks.recording.spool import Spool
from tracker.clicks.recording.spool_drainer import SpoolDrainer
from tracker.clicks.recording.spool_writer import SpoolWriter
from tracker.clicks.recording.writers import BatchWriter, NewClick, OpenWriter

DEADLINE_S = 0.3
"""When a commit takes longer, its clicks are stored in the spool and reported as recorded."""

BACKOFF_S = 0.25
"""Back-off after a database failure."""

CLOSE_TIMEOUT_S = 5.0

_log = logging.getLogger(__name__)


class Committer:
    """Owns the two threads, the connection and the spool of one process."""

    def __init__(
        self,
        clicks_url: str,
        open_writer: OpenWriter,
        *,
        spool_folder: Path | None,
        spool_bytes: int,
        deadline_s: float,
    ) -> None:
        self._clicks_url, self._open_writer = clicks_url, open_writer
        self._queue = CommitQueue(deadline_s, has_spool=spool_folder is not None)
        self._drainer: SpoolDrainer | None = None
        self._spool_writer: SpoolWriter | None = None
        if spool_folder is not None:
            self._drainer = SpoolDrainer(spool_folder, self._write)
            self._spool_writer = SpoolWriter(
                self._queue, spool_folder, spool_bytes, deadline_s, self._use_spool
            )
        self._starting = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._writer: BatchWriter | None = None
        self._spool: Spool | None = None

    def start(self) -> bool:
        """Start the threads if needed. False when none could be started."""
        if self._threads:
            return True
        with self._starting:
            return bool(self._threads) or self._start_threads()

    def enqueue(self, entries: Sequence[PendingClick]) -> None:
        """Each entry's `on_done` gets True when its click is on disk, False when it could not be stored."""
        if not self.start() or not self._queue.add(entries):
            for entry in entries:
                entry.on_done(False)

    def close(self) -> None:
        """Store pending clicks in the database or the spool, and end the threads that are not stuck."""
        self._queue.close()
        end = time.monotonic() + CLOSE_TIMEOUT_S
        for thread in self._threads:
            thread.join(max(end - time.monotonic(), 0.0))
        if self._spool is not None and not any(thread.is_alive() for thread in self._threads):
            self._spool.close()

    def abandon(self) -> None:
        """In a forked child, which has none of these threads and may have copied locked locks."""
        for resource in (self._writer, self._spool):
            if resource is not None:
                resource.abandon()

    def _start_threads(self) -> bool:
        threads = [threading.Thread(target=self._run, name="click-committer", daemon=True)]
        if self._spool_writer is not None:
            threads.append(
                threading.Thread(target=self._spool_writer.run, name="click-spool-writer", daemon=True)
            )
        started = []
        try:
            for thread in threads:
                thread.start()
                started.append(thread)
        except RuntimeError:
            _log.error("a thread that records clicks could not be started; raise the thread limit")
        self._threads = started
        return bool(started)

    def _use_spool(self, spool: Spool) -> None:
        self._spool = spool
        if self._drainer is not None:
            self._drainer.use(spool)

    def _run(self) -> None:
        while self._queue.wait_for_work(self._next_check_s()):
            try:
                if self._queue.down:
                    self._get_writer()
                if self._queue.has_work():
                    self._commit_batch()
                if self._drainer is not None:
                    self._drainer.drain_batch()
            except Exception as error:
                # After any error the thread continues and reconnects for the next batch.
                self._handle_failure(error)
            else:
                self._queue.succeeded()
        if self._drainer is not None:
            self._drainer.release_orphan()
        self._close_writer()

    def _next_check_s(self) -> float | None:
        """How long to wait for a click before checking the spools; None without a spool."""
        if self._drainer is None:
            return None
        return BACKOFF_S if self._queue.down else self._drainer.next_check_s()

    def _commit_batch(self) -> None:
        writer = self._get_writer()
        with writer.write_lock():
            # Take the batch only now: clicks that arrived while waiting for the lock join the same commit.
            batch = self._queue.take()
            if not batch:
                return
            began = time.perf_counter()
            writer.write([entry.click for entry in batch])
            COMMIT_SECONDS.observe(time.perf_counter() - began)
        BATCH_CLICKS.observe(len(batch))
        CLICK_BATCHES.labels("committed").inc()
        self._queue.resolve(batch, recorded=True)

    def _write(self, clicks: Sequence[NewClick]) -> None:
        """Write for the spool drainer. A connection that failed is never used again."""
        writer = self._get_writer()
        try:
            with writer.write_lock():
                writer.write(clicks)
        except Exception:
            self._close_writer()
            raise

    def _get_writer(self) -> BatchWriter:
        if self._writer is None:
            self._writer = self._open_writer(self._clicks_url)
        return self._writer

    def _handle_failure(self, error: Exception) -> None:
        if not self._queue.down:
            _log.warning("clicks could not be written to the database: %s", type(error).__name__)
        CLICK_BATCHES.labels("failed").inc()
        self._close_writer()
        if self._drainer is not None:
            self._drainer.release_orphan()
        self._queue.resolve(self._queue.failed(), recorded=False)
        if self._queue.down:
            self._queue.pause(BACKOFF_S)

    def _close_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(Exception):
                writer.close()
