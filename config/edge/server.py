"""What all connections of one worker share: the application, the limits, and who waits for what."""

import asyncio
import logging
from collections.abc import Callable
from email.utils import formatdate
from pathlib import PurePath
from traceback import extract_tb
from typing import Protocol

from config.edge.application import Application
from config.edge.head import HeadLimits
from config.edge.waiting import Timeouts, Waiting, WaitLists


class Connected(Waiting, Protocol):
    """A connection, as this module sees it."""

    @property
    def has_request(self) -> bool:
        """Whether a request is under way on it."""


class Server:
    """The connections of one event loop and what they need."""

    def __init__(
        self,
        application: Application,
        *,
        loop: asyncio.AbstractEventLoop,
        log: logging.Logger,
        limits: HeadLimits,
        timeouts: Timeouts,
        max_connections: int,
        on_request: Callable[[], None],
    ) -> None:
        """`on_request` is called once for each request, before it is handled."""
        self.application, self.loop, self.limits = application, loop, limits
        self.waits = WaitLists(timeouts)
        self.connections: set[Connected] = set()
        self.count_request = on_request
        self._log, self._max_connections = log, max_connections
        self.is_stopping = False
        """Whether each connection is closed after its next response."""
        self.refresh_date()

    def refresh_date(self) -> None:
        """Renew what follows the head of each response: Date, Connection where needed, the empty line."""
        date = f"date: {formatdate(usegmt=True)}\r\n".encode("ascii")
        self.closing_end = date + b"connection: close\r\n\r\n"
        self.open_end_1_0 = date + b"connection: keep-alive\r\n\r\n"
        self.open_end = date + b"\r\n"

    def admit(self, connection: Connected) -> bool:
        """Add a connection. At the limit, the one that has waited for its client the longest makes room.

        So silent clients lock out nobody, and the newest shopper is served. False only if every connection
        has a request under way.
        """
        if len(self.connections) >= self._max_connections:
            longest = self.waits.longest()
            if longest is None:
                return False
            longest.drop()
        self.connections.add(connection)
        return True

    def sweep(self) -> None:
        self.refresh_date()
        self.waits.sweep(self.loop.time())

    async def stop(self, arrival_s: float, graceful_s: float, is_hurried: Callable[[], bool]) -> None:
        """Finish the requests that are under way within `graceful_s`, then close every connection.

        Requests that have just arrived get `arrival_s` to be read, so that their connections do not look
        idle. `is_hurried` ends the waiting early.
        """
        self.is_stopping = True
        await asyncio.sleep(0 if is_hurried() else arrival_s)
        self._drop(lambda connection: not connection.has_request)
        end_s = self.loop.time() + graceful_s
        while self.connections and self.loop.time() < end_s and not is_hurried():
            self.waits.sweep(self.loop.time())
            await asyncio.sleep(0.02)
        self._drop(lambda _: True)

    def _drop(self, is_meant: Callable[[Connected], bool]) -> None:
        for connection in [each for each in self.connections if is_meant(each)]:
            connection.drop()

    def log_failure(self, error: BaseException) -> None:
        """One line that says where the error was raised; its message may contain data of the request."""
        last = extract_tb(error.__traceback__)[-1:]
        where = f"{PurePath(last[0].filename).name}:{last[0].lineno}" if last else "unknown"
        self._log.error("a request failed: %s at %s", type(error).__name__, where)
