"""gunicorn's ASGI worker with limits for silent clients.

gunicorn's own worker has no deadline for the first request of a connection and no limit on connections. At
shutdown it waits for idle connections until the arbiter kills it: with one silent client, SIGTERM took 30 s
(measured, 27.0.1).
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
    """One connection. It counts as silent until the headers of its first request are complete."""

    worker: "EdgeWorker"

    def connection_made(self, transport: asyncio.Transport) -> None:
        if not self.worker.has_capacity():
            self._conn_lost_handled = True  # gunicorn never counted this connection
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
        """Handle one request. Returns whether the connection stays open.

        gunicorn creates a task for each request, so that the application can continue after its response, and
        checks each message that the application sends. `fast_response` needs neither.
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
            response = await self.app.fast_response(scope)
        except Exception:
            self.log.exception("the application failed to handle a request")
            self._send_error_response(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error")
            return False
        if response is None:
            return await self._handle_http_request(request, sockname, peername)
        if self._closed:
            return False
        status, headers, body = response
        close = self._will_close(request, False)
        self._send_response_start(status, headers, request, close=close)
        self._safe_write(self._response_buffer + (b"" if request.method == "HEAD" else body))
        return not close

    def _arm_keepalive_timer(self) -> None:
        """The worker checks idle connections once per heartbeat: cheaper than a timer per response."""
        self.worker.idle_since[self] = self.worker.loop.time()

    def _cancel_keepalive_timer(self) -> None:
        self.worker.idle_since.pop(self, None)

    def close_if_idle(self) -> None:
        if self.idle:  # a request may have just arrived
            self._keepalive_timeout()

    @property
    def idle(self) -> bool:
        """Whether no request is in progress on this connection."""
        return self._current_request is None

    def drop(self) -> None:
        """Close the connection at once, without waiting for the client."""
        self.worker.connections.discard(self)
        self.worker.silent.pop(self, None)
        self.worker.idle_since.pop(self, None)
        self._closed = True
        if self._request_ready is not None:
            self._request_ready.set()  # wakes the connection's task, which sees `_closed` and ends
        if self.transport is not None:
            self.transport.abort()


class EdgeWorker(ASGIWorker):  # type: ignore[misc]
    """Serves until a stop signal, then finishes requests in progress and drops all other connections."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.connections: set[EdgeProtocol] = set()
        self.silent: dict[EdgeProtocol, float] = {}
        """Time of connecting, the longest silent first."""
        self.idle_since: dict[EdgeProtocol, float] = {}
        """Time of the last response, the longest idle first."""

    def has_capacity(self) -> bool:
        """At the limit, drop the longest silent connection, so that silent clients lock out nobody.

        Returns False when the limit is reached and no connection is silent.
        """
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
        # Let the loop read requests that have just arrived, so that their connections do not look idle.
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
    """Connections whose time is not after `latest`. `since` is ordered from old to new."""
    return list(takewhile(lambda connection: since[connection] <= latest, since))
