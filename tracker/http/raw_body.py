"""The body of a request, byte for byte, with a limit that holds for both ways of framing it.

Werkzeug's MAX_CONTENT_LENGTH answers 413 only where the length is announced. A chunked body it cuts at the
limit and hands on as if it were whole (measured with Werkzeug 3.1), so this reads the stream of WSGI itself.
"""

from typing import Any, Protocol

from tracker.errors import LinkledgerError


class TooLarge(LinkledgerError):
    status = 413
    exit_code = 2


class BrokenBody(LinkledgerError):
    """The connection or the framing broke off."""

    status = 400
    exit_code = 2


class StalledBody(LinkledgerError):
    """The client stopped sending, for longer than the server waits."""

    status = 408
    exit_code = 2


class Compressed(LinkledgerError):
    """Bodies are taken as they are: a small one that unpacks to a large one is nobody's sale."""

    status = 415
    exit_code = 2


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


def refuse_encodings(environ: dict[str, Any]) -> None:
    """Raises Compressed for a body that would have to be unpacked, by either header that can say so."""
    content = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    transfer = environ.get("HTTP_TRANSFER_ENCODING", "").strip().lower()
    if content not in ("", "identity") or transfer not in ("", "chunked"):
        raise Compressed("The body is compressed. Send it as it is, without Content-Encoding.")


def read_body(environ: dict[str, Any], maximum_bytes: int) -> bytes:
    """Everything that was sent, still compressed if it was. Raises TooLarge, BrokenBody or StalledBody."""
    content_length = environ.get("CONTENT_LENGTH") or ""
    if content_length:
        if not content_length.isascii() or not content_length.isdigit():
            raise BrokenBody("Content-Length is not a number.")
        # Compared by its length first: a number of thousands of digits is not worth converting.
        if len(content_length) > len(str(maximum_bytes)) + 20 or int(content_length) > maximum_bytes:
            raise _too_large(maximum_bytes)
        body = _read(environ["wsgi.input"], int(content_length))
        if len(body) != int(content_length):
            raise BrokenBody("The body is shorter than Content-Length says.")
        return body
    if not environ.get("wsgi.input_terminated"):
        return b""  # neither a length nor a server that knows the end: reading could take for ever
    body = _read(environ["wsgi.input"], maximum_bytes + 1)
    if len(body) > maximum_bytes:
        raise _too_large(maximum_bytes)
    return body


def _read(stream: _Stream, size_left: int) -> bytes:
    """Up to `size_left` bytes; a stream may hand them out in smaller pieces."""
    pieces = []
    while size_left > 0:
        try:
            piece = stream.read(size_left)
        except TimeoutError:
            raise StalledBody("The body did not arrive in time. Please send it again.") from None
        except Exception:  # every server has errors of its own for broken framing
            raise BrokenBody("The body broke off, or its chunks cannot be read.") from None
        if not piece:
            break
        pieces.append(piece)
        size_left -= len(piece)
    return b"".join(pieces)


def _too_large(maximum_bytes: int) -> TooLarge:
    return TooLarge(f"The body has more than {maximum_bytes} bytes, which is the most that is taken.")
