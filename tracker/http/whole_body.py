"""Reads the complete body of each request before the application runs, or rejects the request: the only place
of the web process that reads and limits bodies.

Werkzeug's MAX_CONTENT_LENGTH returns 413 only when the length is announced. It cuts a chunked body at the
limit and passes it on as if it were complete (measured with Werkzeug 3.1). And a view that reads the body
would occupy its request slot (see request_slots) while the client stalls. The body is passed on with a
Content-Length, so that views find an ordinary body.
"""

import io
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from flask import Flask, request

from tracker.errors import LinkledgerError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_REFUSAL = "linkledger.body_refusal"


class TooLarge(LinkledgerError):
    """The body is larger than the limit."""

    status = 413
    exit_code = 2


class BrokenBody(LinkledgerError):
    """The body is incomplete or its framing is invalid."""

    status = 400
    exit_code = 2


class StalledBody(LinkledgerError):
    """The client stopped sending for longer than the server waits."""

    status = 408
    exit_code = 2


class Compressed(LinkledgerError):
    """Compressed bodies are rejected: a small body could expand to a very large one."""

    status = 415
    exit_code = 2


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class BodyBuffer:
    """Middleware that reads the body. `limits_bytes`: path prefix -> size limit; the first match applies."""

    def __init__(self, app: "WSGIApplication", limits_bytes: Mapping[str, int]) -> None:
        self._app = app
        self._limits_bytes = dict(limits_bytes)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        body = b""
        try:
            refuse_encodings(environ)
            body = read_body(environ, self._limit_bytes(environ.get("PATH_INFO", "")))
        except LinkledgerError as refusal:
            environ[_REFUSAL] = refusal
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return self._app(environ, start_response)

    def _limit_bytes(self, path: str) -> int:
        return next(limit for prefix, limit in self._limits_bytes.items() if path.startswith(prefix))


def install_body_reader(app: Flask, limits_bytes: Mapping[str, int]) -> None:
    """Install BodyBuffer for the whole application. The last prefix in `limits_bytes` must be ""."""
    app.before_request(_refuse)
    app.wsgi_app = BodyBuffer(app.wsgi_app, limits_bytes)  # type: ignore[method-assign]


def _refuse() -> None:
    """Raise the refusal inside the application, so that its error handlers render it."""
    refusal = request.environ.get(_REFUSAL)
    if refusal is not None:
        raise refusal


def refuse_encodings(environ: dict[str, Any]) -> None:
    """Raises Compressed when Content-Encoding or Transfer-Encoding declares a compressed body."""
    content = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    transfer = environ.get("HTTP_TRANSFER_ENCODING", "").strip().lower()
    if content not in ("", "identity") or transfer not in ("", "chunked"):
        raise Compressed("The body is compressed. Send it uncompressed, without Content-Encoding.")


def read_body(environ: dict[str, Any], maximum_bytes: int) -> bytes:
    """The raw body, at most `maximum_bytes` long. Raises TooLarge, BrokenBody or StalledBody."""
    content_length = environ.get("CONTENT_LENGTH") or ""
    if content_length:
        if not content_length.isascii() or not content_length.isdigit():
            raise BrokenBody("Content-Length is not a number.")
        # Check the number of digits first, so that a huge number is never converted.
        if len(content_length) > len(str(maximum_bytes)) + 20 or int(content_length) > maximum_bytes:
            raise _too_large(maximum_bytes)
        body = _read(environ["wsgi.input"], int(content_length))
        if len(body) != int(content_length):
            raise BrokenBody("The body is shorter than its Content-Length.")
        return body
    if not environ.get("wsgi.input_terminated"):
        return b""  # no length, and the server does not mark the end: reading could block forever
    body = _read(environ["wsgi.input"], maximum_bytes + 1)
    if len(body) > maximum_bytes:
        raise _too_large(maximum_bytes)
    return body


def _read(stream: _Stream, size_left: int) -> bytes:
    """Read up to `size_left` bytes; a stream may return them in smaller pieces."""
    pieces = []
    while size_left > 0:
        try:
            piece = stream.read(size_left)
        except TimeoutError:
            raise StalledBody("The body did not arrive in time. Please send it again.") from None
        except Exception:  # each server raises different errors for invalid framing
            raise BrokenBody("The body is incomplete, or its chunks cannot be read.") from None
        if not piece:
            break
        pieces.append(piece)
        size_left -= len(piece)
    return b"".join(pieces)


def _too_large(maximum_bytes: int) -> TooLarge:
    return TooLarge(f"The body has more than {maximum_bytes} bytes, which is the limit.")
