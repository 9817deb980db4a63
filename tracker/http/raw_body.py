"""Reads the body of a request byte for byte, with a size limit for both ways of framing.

Werkzeug's MAX_CONTENT_LENGTH returns 413 only when the length is announced. It cuts a chunked body at the
limit and passes it on as if it were complete (measured with Werkzeug 3.1), so this module reads the WSGI
stream itself.
"""

from typing import Any, Protocol

from tracker.errors import LinkledgerError


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
