"""Clicks are acknowledged when they are on the disk, and one sync serves everybody who waits: group commit.

One thread in each process commits whatever is waiting, as one batch; while it does, the next batch gathers.
Nothing is opened or started before the first click, so importing and forking are safe.
"""

import logging
import os
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as DeadlinePassed
from contextlib import suppress

from tracker.clicks.metrics import CLICK_BATCHES
from tracker.clicks.writers import BatchWriter, NewClick, OpenWriter, open_writer

MOST_WAITING = 10_000
"""Beyond that a click is refused at once: a database that hangs must not fill the memory."""

MOST_IN_A_BATCH = 1_000
"""Keeps the transaction on clicks.db short, for those who read it."""

CLOSE_TIMEOUT_S = 10

_log = logging.getLogger(__name__)


class Recorder:
    """Writes clicks to the database at `clicks_url`, from any thread, in any process that has this object.

    `open_writer` makes the connection, so that a test can hand in one that fails.
    """

    def __init__(self, clicks_url: str, open_writer: OpenWriter = open_writer) -> None:
        self._clicks_url = clicks_url
        self._open_writer = open_writer
        self._committers: dict[int, _Committer] = {}
        # Kept, so that a forked child never closes what its parent works with.
        self._inherited: list[_Committer] = []

    def record(self, click: NewClick, deadline_s: float) -> bool:
        """Whether the click is committed and synced, waiting for it no longer than `deadline_s`.

        A click that was not in time may still be written later. That harms nobody: its visitor got no token.
        """
        try:
            return self.submit(click).result(timeout=deadline_s)
        except DeadlinePassed:
            return False

    def submit(self, click: NewClick) -> "Future[bool]":
        """The same without waiting: the future becomes True when the click is committed, False on failure."""
        return self._committer().submit(click)

    def close(self) -> None:
        """Write what waits, then close this process's connection. A later click opens a new one."""
        committer = self._committers.pop(os.getpid(), None)
        if committer is not None:
            committer.close()

    def _committer(self) -> "_Committer":
        process_id = os.getpid()
        committer = self._committers.get(process_id)
        if committer is not None:
            return committer
        # pop and setdefault are atomic. A lock in their place could be the very thing that a fork copied
        # in its locked state.
        for parent_id in [key for key in self._committers if key != process_id]:
            inherited = self._committers.pop(parent_id, None)
            if inherited is not None:
                inherited.abandon()
                self._inherited.append(inherited)
        return self._committers.setdefault(process_id, _Committer(self._clicks_url, self._open_writer))


class _Committer:
    """The queue, the thread and the connection of one process."""

    def __init__(self, clicks_url: str, open_writer: OpenWriter) -> None:
        self._clicks_url = clicks_url
        self._open_writer = open_writer
        self._changed = threading.Condition()
        self._waiting: list[tuple[NewClick, Future[bool]]] = []
        self._thread: threading.Thread | None = None
        self._closing = False
        self._writer: BatchWriter | None = None

    def submit(self, click: NewClick) -> "Future[bool]":
        future: Future[bool] = Future()
        with self._changed:
            if self._closing or len(self._waiting) >= MOST_WAITING or not self._started():
                future.set_result(False)
                return future
            self._waiting.append((click, future))
            self._changed.notify()
        return future

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(timeout=CLOSE_TIMEOUT_S)

    def abandon(self) -> None:
        """In a forked child, where this has no thread and its locks may be held for ever."""
        if self._writer is not None:
            self._writer.abandon()

    def _started(self) -> bool:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="click-committer", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                _log.error("no thread could be started to record clicks; raise the limit of threads")
                return False
            self._thread = thread
        return True

    def _run(self) -> None:
        while self._wait_for_work():
            self._commit_a_batch()
        self._drop_writer()

    def _wait_for_work(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            return bool(self._waiting)

    def _commit_a_batch(self) -> None:
        batch: list[tuple[NewClick, Future[bool]]] = []
        try:
            if self._writer is None:
                self._writer = self._open_writer(self._clicks_url)
            with self._writer.turn():
                # Only now: what came in while others had their turn goes into the same commit.
                batch = self._take()
                self._writer.write([click for click, _ in batch])
            recorded = True
        except Exception as error:
            # Whatever it was, the thread lives on, and the next batch connects anew.
            _log.warning("clicks could not be recorded: %s", type(error).__name__)
            self._drop_writer()
            batch = batch or self._take()
            recorded = False
        CLICK_BATCHES.labels("committed" if recorded else "failed").inc()
        for _, future in batch:
            future.set_result(recorded)

    def _take(self) -> list[tuple[NewClick, "Future[bool]"]]:
        with self._changed:
            batch, self._waiting = self._waiting[:MOST_IN_A_BATCH], self._waiting[MOST_IN_A_BATCH:]
        return batch

    def _drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(Exception):
                writer.close()
