"""gunicorn's ASGI worker with limits for silent clients.

It has no deadline for the first request of a connection and no cap on connections, and at shutdown it waits
for idle connections until the arbiter kills it: one silent client made SIGTERM take 30 s (measured, 27.0.1).
"""

import asyncio
import os
from http import HTTPStatus
from itertools import takewhile
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.asgi.lifespan import LifespanManager
from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers.gasgi import ASGIWorker

HEADER_DEADLINE_S = 10.0
HEARTBEAT_S = 1.0


class EdgeProtocol(ASGIProtocol):  # type: ignore[misc] # gunicorn comes without types
    """One connection. It is silent until the headers of its first request are complete."""

    worker: "EdgeWorker"

    def connection_made(self, transport: asyncio.Transport) -> None:
        if not self.worker.has_capacity():
            self._conn_lost_handled = True  # it was never counted
            transport.abort()
            return
        super().connection_made(transport)
        self.worker.connections.add(self)
        self.worker.silent[self] = self.worker.loop.time()

    def _on_headers_complete(self) -> Any:
        self.worker.silent.pop(self, None)
        return super()._on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self.worker.connections.discard(self)
        self.worker.silent.pop(self, None)
        self.worker.idle_since.pop(self, None)
        super().connection_lost(exc)

    async def _serve_http_request(self, request: Any, sockname: Any, peername: Any) -> Any:
        """Returns whether the connection is kept.

        gunicorn makes a task for each request, so that the application may go on after its answer, and looks
        at each message that it sends. `fast_response` needs neither.
        """
        scope = {
            "method": request.method,
            "scheme": request.scheme,
            "path": request.path,
            "query_string": request.query.encode("latin-1"),
            "headers": request.headers_bytes,
            "client": peername,
        }
        try:
            answer = await self.app.fast_response(scope)
        except Exception:
            self.log.exception("the application could not answer")
            self._send_error_response(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error")
            return False
        if answer is None:
            return await self._handle_http_request(request, sockname, peername)
        if self._closed:
            return False
        status, headers, body = answer
        close = self._will_close(request, False)
        self._send_response_start(status, headers, request, close=close)
        self._safe_write(self._response_buffer + (b"" if request.method == "HEAD" else body))
        return not close

    def _arm_keepalive_timer(self) -> None:
        """The worker checks idle connections once per heartbeat; a timer per response costs more."""
        self.worker.idle_since[self] = self.worker.loop.time()

    def _cancel_keepalive_timer(self) -> None:
        self.worker.idle_since.pop(self, None)

    def close_if_idle(self) -> None:
        if self.idle:  # else a request has come in this moment
            self._keepalive_timeout()

    @property
    def idle(self) -> bool:
        """Between two requests, or before the first."""
        return self._current_request is None

    def drop(self) -> None:
        """Close it now, whatever the client does."""
        self.worker.connections.discard(self)
        self.worker.silent.pop(self, None)
        self.worker.idle_since.pop(self, None)
        self._closed = True
        if self._request_ready is not None:
            self._request_ready.set()  # its task sees that it is closed, and ends
        if self.transport is not None:
            self.transport.abort()


class EdgeWorker(ASGIWorker):  # type: ignore[misc]
    """Serves until a stop signal, then finishes running requests and drops other connections."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.connections: set[EdgeProtocol] = set()
        self.silent: dict[EdgeProtocol, float] = {}
        """Since when, the longest silent first."""
        self.idle_since: dict[EdgeProtocol, float] = {}
        """Between two requests, since when, the longest first."""

    def has_capacity(self) -> bool:
        """At the connection limit, drop the connection that has been silent longest."""
        if len(self.connections) < self.worker_connections:
            return True
        longest = next(iter(self.silent), None)
        if longest is not None:
            longest.drop()
        return longest is not None

    def handle_exit_signal(self) -> None:
        super().handle_exit_signal()
        self._stop_requested.set()

    def handle_quit_signal(self) -> None:
        super().handle_quit_signal()
        self._stop_requested.set()

    async def _serve(self) -> None:
        self._stop_requested = asyncio.Event()
        await self._start_application()
        for listener in self.sockets:
            self.servers.append(
                await self.loop.create_server(lambda: EdgeProtocol(self), sock=listener.sock, backlog=2048)
            )
        while self.alive and self.ppid == os.getppid():
            self.notify()
            for connection in _older_than(self.loop.time() - HEADER_DEADLINE_S, self.silent):
                connection.drop()
            for connection in _older_than(self.loop.time() - self.cfg.keepalive, self.idle_since):
                connection.close_if_idle()
            try:
                await asyncio.wait_for(self._stop_requested.wait(), HEARTBEAT_S)
            except TimeoutError:
                continue
        await self._shutdown()

    async def _start_application(self) -> None:
        self.lifespan = LifespanManager(self.asgi, self.log, self.state)
        try:
            await self.lifespan.startup()
        except Exception as error:
            self.log.error("the application did not start: %s", type(error).__name__)
            raise SystemExit(Arbiter.WORKER_BOOT_ERROR) from error

    async def _shutdown(self) -> None:
        self.alive = False
        for server in self.servers:
            server.close()
        # A request that has just arrived gets its turn before its connection can pass for an idle one.
        await asyncio.sleep(0.05)
        for connection in list(self.connections):
            if connection.idle:
                connection.drop()
        end = self.loop.time() + self.cfg.graceful_timeout / 2
        while self.connections and self.loop.time() < end and not self._quick_shutdown:
            await asyncio.sleep(0.02)
        if self.lifespan and not self._quick_shutdown:
            await self.lifespan.shutdown()


def _older_than(latest: float, since: dict[EdgeProtocol, float]) -> list[EdgeProtocol]:
    """The first has been there longest."""
    return list(takewhile(lambda connection: since[connection] <= latest, since))
