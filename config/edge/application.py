"""What the worker of the edge and its application hand to each other."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple, Protocol

Header = tuple[bytes, bytes]


@dataclass(slots=True)
class Request:
    """One request; every string has one character for each byte.

    `path` is percent-decoded once, `query` is raw, without the question mark. `fields` has the values by
    lower-case name; repeated fields are joined with commas, as HTTP defines (RFC 9110, 5.3). `peer` is the
    address of the connection, "" if it has none. `body` is empty unless the application accepts one.
    """

    method: str
    path: str
    query: str
    fields: Mapping[bytes, bytes]
    peer: str
    is_http_1_0: bool
    keep_alive: bool
    """Whether the client expects the connection to stay open; only the connection reads this."""
    body_bytes: int = 0
    """The announced length of the body; CHUNKED if it is not announced."""
    body: bytes = b""


CHUNKED = -1


class Response(NamedTuple):
    """`head` is the status line and the header lines with their line ends, without Date and Connection.

    A response to HEAD is the same; the connection leaves the body out.
    """

    head: bytes
    body: bytes = b""


class Later:
    """A response that is not known yet. `resolve` or `fail` is called once, in the thread of the event loop.

    An asyncio.Future would take a second turn of the loop, and a tenth of the time of a redirect (measured).
    """

    __slots__ = ("_early_error", "_early_response", "_on_error", "_on_response")

    def __init__(self) -> None:
        self._on_response: Callable[[Response], None] | None = None
        self._on_error: Callable[[BaseException], None] | None = None
        self._early_response: Response | None = None
        self._early_error: BaseException | None = None

    def notify(
        self, on_response: Callable[[Response], None], on_error: Callable[[BaseException], None]
    ) -> None:
        """Call one of these with the result, at once if it is known already. Called once."""
        self._on_response, self._on_error = on_response, on_error
        if self._early_response is not None:
            on_response(self._early_response)
        elif self._early_error is not None:
            on_error(self._early_error)

    def resolve(self, response: Response) -> None:
        if self._on_response is None:
            self._early_response = response
        else:
            self._on_response(response)

    def fail(self, error: BaseException) -> None:
        if self._on_error is None:
            self._early_error = error
        else:
            self._on_error(error)


class Application(Protocol):
    """What the worker serves. All methods but `close` are called in the thread of the event loop.

    gunicorn loads only callable applications, so the application itself is called with each request.
    """

    @property
    def body_limits_bytes(self) -> Mapping[tuple[str, str], int]:
        """Size limits by method and path. A request that is not listed may have no body."""

    def start(self) -> None:
        """Called once, before the first connection is accepted. May block."""

    def __call__(self, request: Request, /) -> Response | Later:
        """The response, or a promise of it if it is not known at once. Must not block."""

    def close(self) -> None:
        """Called once, after the last response, outside the event loop. May block."""


def make_response(status: int, headers: Iterable[Header], body: bytes = b"") -> Response:
    """A response with its Content-Length. 204 and 304 have neither a length nor a body (RFC 9110, 8.6)."""
    lines = [b"%b: %b\r\n" % header for header in headers]
    if status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        lines.append(b"content-length: %d\r\n" % len(body))
    return Response(status_line(status) + b"".join(lines), body)


def status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode("ascii")
