"""The recorder for asyncio: waits for clicks to be on disk without a thread for each."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from tracker.clicks.recording.commit_queue import PendingClick
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.recording.writers import NewClick

EXPIRY_INTERVAL_S = 0.25
Finish = Callable[[bool], None]


class _AwaitedClick(PendingClick):
    """A pending click whose result the event loop waits for. `finish` is None after it was called."""

    __slots__ = ("finish", "recorder", "until_s")

    def __init__(self, click: NewClick, recorder: "AsyncRecorder", finish: Finish, until_s: float) -> None:
        self.click, self.resolved = click, False
        self.recorder, self.until_s = recorder, until_s
        self.finish: Finish | None = finish

    def on_done(self, recorded: bool) -> None:
        """Called by any thread."""
        self.recorder.post_result(self, recorded)


class AsyncRecorder:
    """For one event loop. Each loop iteration submits its clicks together; each batch of results wakes the
    loop once; one timer handles all expired waits.

    Submitting clicks one by one woke the committer for each: batches had five clicks instead of fifteen
    (measured, 32 connections).
    """

    def __init__(
        self,
        recorder: Recorder,
        loop: asyncio.AbstractEventLoop,
        timeout_s: float,
        after_batch: Callable[[], None],
    ) -> None:
        """`after_batch` is called in the thread of the loop, after the results of a batch were delivered."""
        self._after_batch = after_batch
        self._recorder, self._loop, self._timeout_s = recorder, loop, timeout_s
        self._batch: list[PendingClick] = []
        self._results: deque[tuple[_AwaitedClick, bool]] = deque()
        self._wakeup_scheduled = False
        self._deadlines: deque[_AwaitedClick] = deque()
        self._expiry_scheduled = False

    def submit(self, click: NewClick, finish: Finish) -> None:
        """Record a click. The loop calls `finish` once: with True when the click is on disk, with False after
        a failure or `timeout_s`. It must not raise.
        """
        awaited = _AwaitedClick(click, self, finish, self._loop.time() + self._timeout_s)
        self._deadlines.append(awaited)
        if not self._expiry_scheduled:
            self._expiry_scheduled = True
            self._loop.call_later(EXPIRY_INTERVAL_S, self._expire_overdue)
        if not self._batch:
            self._loop.call_soon(self._flush)
        self._batch.append(awaited)

    def post_result(self, awaited: _AwaitedClick, recorded: bool) -> None:
        """Called by any thread."""
        self._results.append((awaited, recorded))
        if not self._wakeup_scheduled:
            self._wakeup_scheduled = True
            with suppress(RuntimeError):  # the loop is closed: nothing waits for results
                self._loop.call_soon_threadsafe(self._deliver_results)

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        self._recorder.enqueue(batch)

    def _deliver_results(self) -> None:
        self._wakeup_scheduled = False  # before reading: results posted from now on schedule another wake-up
        while self._results:
            awaited, recorded = self._results.popleft()
            _finish(awaited, recorded)
        self._after_batch()

    def _expire_overdue(self) -> None:
        now_s = self._loop.time()
        while self._deadlines:
            oldest = self._deadlines[0]
            if oldest.finish is not None and now_s < oldest.until_s:
                break
            self._deadlines.popleft()
            _finish(oldest, False)
        self._after_batch()
        self._expiry_scheduled = bool(self._deadlines)
        if self._expiry_scheduled:
            self._loop.call_later(EXPIRY_INTERVAL_S, self._expire_overdue)


def _finish(awaited: _AwaitedClick, recorded: bool) -> None:
    """Does nothing if it has been called for this click."""
    finish, awaited.finish = awaited.finish, None
    if finish is not None:
        finish(recorded)
