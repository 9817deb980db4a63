"""One connection: from received bytes to requests, one at a time and in order, and their responses."""

import asyncio
from enum import Enum, auto
from http import HTTPStatus
from typing import cast

from config.edge.application import CHUNKED, Request, Response
from config.edge.incoming import Incoming
from config.edge.refusals import Refused, refusal
from config.edge.server import Server
from config.edge.waiting import WaitList

MAX_UNREAD_BYTES = 65_536
"""While a request is under way or the client does not read, reading from the socket pauses above this."""
REQUESTS_PER_TURN = 16
"""After this many requests in a row, other connections get their turn."""
MAX_DISCARDED_BYTES = 1024 * 1024
"""How much of a refused body is read, so that its client gets to read the response."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class State(Enum):
    """What the connection does. In all states but RESPONDING it waits for its client."""

    READING = auto()
    READING_BODY = auto()
    RESPONDING = auto()
    CLOSING = auto()


class EdgeConnection(asyncio.Protocol):
    """The asyncio protocol of one connection. Its worker drops it when its client is too slow."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._incoming = Incoming(server.limits)
        self._transport: asyncio.Transport | None = None
        self._peer = ""
        self._state = State.READING
        self._waits: WaitList | None = None
        self._request: Request | None = None
        self._is_client_slow = self._is_reading_paused = self._has_ended = False
        self._discarded_bytes = 0

    @property
    def has_request(self) -> bool:
        return self._request is not None

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._peer = peer[0] if isinstance(peer, tuple) else ""
        if self._server.admit(self):
            self._wait(self._server.waits.head)
        else:
            self.drop()

    def data_received(self, data: bytes) -> None:
        if self._state is State.CLOSING:
            self._discard(len(data))
        elif self._state is not State.READING or self._is_client_slow or not self._handle_head(data):
            self._incoming.add(data)
            self._read_on()

    def eof_received(self) -> bool:
        """The client sends no more. It may still read: what it sent before is answered, then we hang up."""
        self._has_ended = True
        if len(self._incoming):
            self._server.loop.call_soon(self._read_on)
        return len(self._incoming) > 0 or self._state is State.RESPONDING

    def pause_writing(self) -> None:
        """The client does not read its responses: stop reading its requests."""
        self._is_client_slow = True
        if self._state is State.READING:
            self._wait(self._server.waits.unread)

    def resume_writing(self) -> None:
        self._is_client_slow = False
        if self._state is State.READING:
            self._wait(self._server.waits.idle)
            self._read_on()

    def connection_lost(self, _error: Exception | None) -> None:
        self._forget()

    # Called by the worker

    def expire(self) -> None:
        if self._state is State.READING_BODY:
            self._refuse(refusal(HTTPStatus.REQUEST_TIMEOUT))
        else:
            self.drop()

    def drop(self) -> None:
        transport = self._transport
        self._forget()
        if transport is not None:
            transport.abort()

    def _forget(self) -> None:
        self._transport = self._request = None
        self._state = State.CLOSING
        self._wait(None)
        self._server.connections.discard(self)
        self._incoming.close()

    # Reading

    def _read_on(self) -> None:
        """Handle what is unread, request by request, until one is under way or a part is missing."""
        for _ in range(REQUESTS_PER_TURN):
            if not self._read_next():
                break
        else:
            self._server.loop.call_soon(self._read_on)
        self._limit_reading()

    def _read_next(self) -> bool:
        """Handle the next request. False if there is none that is complete, or it must wait."""
        if self._state is State.READING_BODY:
            return self._read_body()
        if self._state is not State.READING or self._is_client_slow:
            return False
        try:
            request = self._incoming.next_request(self._peer)
        except Refused as refused:
            self._refuse(refused.response())
            return False
        if request is not None:
            self._handle(request)
            return True
        if self._has_ended and self._transport is not None:
            self._transport.close()
        elif self._incoming.has_begun and self._waits is self._server.waits.idle:
            self._wait(self._server.waits.head)
        return False

    def _handle_head(self, data: bytes) -> bool:
        """Handle a request that arrived alone and complete, the usual case. Else nothing is done: False."""
        try:
            request = self._incoming.request_in(data, self._peer)
        except Refused as refused:
            self._refuse(refused.response())
            return True
        if request is not None:
            self._handle(request)
        return request is not None

    def _handle(self, request: Request) -> None:
        self._request = request
        if request.body_bytes == 0:
            self._respond(request)
        else:
            self._begin_body(request)

    def _begin_body(self, request: Request) -> None:
        """Read the body if the application takes one from this request, else refuse it."""
        limit = self._server.application.body_limits_bytes.get((request.method, request.path))
        if limit is None and request.method not in ("GET", "HEAD"):
            # The application refuses the method. The body is never read, so the connection cannot go on.
            request.keep_alive = False
            self._respond(request)
        elif limit is not None and request.body_bytes == CHUNKED:
            self._refuse(refusal(HTTPStatus.LENGTH_REQUIRED))
        elif limit is None or request.body_bytes > limit:
            self._refuse(refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
        else:
            self._state = State.READING_BODY
            self._wait(self._server.waits.body)
            self._read_body()
            waits_for_us = b"expect" in request.fields and not request.is_http_1_0
            if waits_for_us and self._state is State.READING_BODY:
                self._write(_CONTINUE)

    def _read_body(self) -> bool:
        """Whether the body was complete, and its request was handled."""
        request = self._request
        assert request is not None
        body = self._incoming.body(request.body_bytes)
        if body is not None:
            request.body = body
            self._respond(request)
        elif self._has_ended:
            self._refuse(refusal(HTTPStatus.BAD_REQUEST))
        return body is not None

    def _limit_reading(self) -> None:
        """Stop reading from the socket while more is unread than the next request needs."""
        must_pause = len(self._incoming) > MAX_UNREAD_BYTES
        if self._transport is None or self._state is State.CLOSING or must_pause == self._is_reading_paused:
            return
        self._is_reading_paused = must_pause
        (self._transport.pause_reading if must_pause else self._transport.resume_reading)()

    def _discard(self, count: int) -> None:
        self._discarded_bytes += count
        if self._discarded_bytes > MAX_DISCARDED_BYTES:
            self.drop()

    # Responding

    def _respond(self, request: Request) -> None:
        self._state = State.RESPONDING
        self._wait(None)
        self._server.count_request()
        try:
            result = self._server.application(request)
        except Exception as error:
            self._fail(error)
            return
        if isinstance(result, Response):
            self._send(result)
        else:
            result.notify(self._finish, self._fail)

    def _finish(self, response: Response) -> None:
        """Send the response that came later; the client may have left in the meantime."""
        if self._state is State.RESPONDING:
            self._send(response)
            if len(self._incoming) or self._has_ended:
                self._read_on()

    def _fail(self, error: BaseException) -> None:
        self._server.log_failure(error)
        if self._state is State.RESPONDING:
            self._refuse(refusal(HTTPStatus.INTERNAL_SERVER_ERROR))

    def _send(self, response: Response) -> None:
        """Send the response to the request that is under way."""
        request, server = self._request, self._server
        assert request is not None
        keep_open = request.keep_alive and not server.is_stopping
        if not keep_open:
            end = server.closing_end
        else:
            end = server.open_end_1_0 if request.is_http_1_0 else server.open_end
        body = b"" if request.method == "HEAD" else response.body
        self._request = None
        self._state = State.READING
        self._write(response.head + end + body)
        if not keep_open:
            self._close(linger=request.body_bytes != len(request.body))
        else:
            self._wait(server.waits.unread if self._is_client_slow else server.waits.idle)

    def _refuse(self, response: Response) -> None:
        """Send this response, whatever is under way, and close the connection."""
        body = b"" if self._request is not None and self._request.method == "HEAD" else response.body
        self._request = None
        self._write(response.head + self._server.closing_end + body)
        self._close(linger=True)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _close(self, *, linger: bool) -> None:
        """Close the connection when its client has the response.

        `linger`: the client may be sending more. Closing at once would reset the connection, and the client
        could lose the response; so only our side is closed, and what arrives is discarded.
        """
        linger = (linger or len(self._incoming) > 0) and not self._has_ended
        self._state = State.CLOSING
        self._incoming.clear()
        if self._transport is None:
            return
        if not linger:
            self._wait(self._server.waits.unread)
            self._transport.close()
            return
        self._wait(self._server.waits.linger)
        self._transport.write_eof()
        if self._is_reading_paused:
            self._transport.resume_reading()

    def _wait(self, waits: WaitList | None) -> None:
        """Wait for the client on this list, and on no other one."""
        if self._waits is not None:
            del self._waits.since[self]
        self._waits = waits
        if waits is not None:
            waits.since[self] = self._server.loop.time()
