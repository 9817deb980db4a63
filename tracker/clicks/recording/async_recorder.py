"""Waiting for clicks to be on the disk without a thread for each: what asyncio needs of the recorder."""

import asyncio
from collections import deque
from contextlib import suppress
from functools import partial

from tracker.clicks.recording.commit_queue import Ticket
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.recording.writers import NewClick

SWEEP_S = 0.25


class Arrivals:
    """Of one event loop. Who came in the same turn of it is brought to the recorder together, one wake-up of
    it tells everybody of a batch, one timer sees to all that is late.

    To bring each by himself woke the committer for him alone: its batches were of five clicks, not of fifteen
    (measured, 32 connections).
    """

    def __init__(self, recorder: Recorder, loop: asyncio.AbstractEventLoop, patience_s: float) -> None:
        self._recorder, self._loop, self._patience_s = recorder, loop, patience_s
        self._gathered: list[Ticket] = []
        self._told: deque[tuple[asyncio.Future[bool], bool]] = deque()
        self._called = False
        self._expected: deque[tuple[float, asyncio.Future[bool]]] = deque()
        self._sweeping = False

    def expect(self, click: NewClick) -> "asyncio.Future[bool]":
        """True when the click is on the disk, False when that failed or took longer than the patience."""
        future = self._loop.create_future()
        self._expected.append((self._loop.time() + self._patience_s, future))
        if not self._sweeping:
            self._sweeping = True
            self._loop.call_later(SWEEP_S, self._sweep)
        if not self._gathered:
            self._loop.call_soon(self._bring)
        self._gathered.append(Ticket(click, partial(self._tell, future)))
        return future

    def _bring(self) -> None:
        gathered, self._gathered = self._gathered, []
        self._recorder.bring(gathered)

    def _tell(self, future: "asyncio.Future[bool]", recorded: bool) -> None:
        """Called by any thread."""
        self._told.append((future, recorded))
        if not self._called:
            self._called = True
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._called = False  # before looking: what is told after this calls again
        while self._told:
            future, recorded = self._told.popleft()
            if not future.done():
                future.set_result(recorded)

    def _sweep(self) -> None:
        now = self._loop.time()
        while self._expected:
            until, future = self._expected[0]
            if not future.done():
                if now < until:
                    break
                future.set_result(False)
            self._expected.popleft()
        self._sweeping = bool(self._expected)
        if self._sweeping:
            self._loop.call_later(SWEEP_S, self._sweep)
