"""What a connection has received and not yet handled, cut into heads and bodies of requests."""

from http import HTTPStatus

from config.edge.application import Request
from config.edge.head import END_OF_HEAD, HeadLimits, HeadReader, is_http_2_preface
from config.edge.refusals import Refused

_LINE_END = b"\r\n"


class Incoming:
    """The received bytes of one connection. `len` is the number that is not yet handled."""

    def __init__(self, limits: HeadLimits) -> None:
        self._reader = HeadReader(limits)
        self._unread = bytearray()
        self._fed_bytes = 0
        """How much of `_unread` the reader already has."""
        self._has_skipped_line = False

    def __len__(self) -> int:
        return len(self._unread)

    @property
    def has_begun(self) -> bool:
        """Whether a part of the next head is there."""
        return self._fed_bytes > 0

    def add(self, data: bytes) -> None:
        self._unread += data

    def request_in(self, data: bytes, peer: str) -> Request | None:
        """The request if nothing is unread and `data` is exactly its head: the usual case. Raises Refused.

        Returns None in all other cases; then `add` the data.
        """
        if (
            self._unread
            or not data.endswith(END_OF_HEAD)
            or data.find(END_OF_HEAD) != len(data) - len(END_OF_HEAD)
            or data.startswith(_LINE_END)
        ):
            return None
        return self._finish(data, 0, peer)

    def next_request(self, peer: str) -> Request | None:
        """The next request, without its body; None if its head is not complete. Raises Refused."""
        if self._unread.startswith(_LINE_END) and not self._has_skipped_line:
            self._has_skipped_line = True
            del self._unread[: len(_LINE_END)]  # one empty line before a request is allowed (RFC 9112, 2.2)
        end = self._unread.find(END_OF_HEAD, max(self._fed_bytes - len(END_OF_HEAD) + 1, 0))
        if end < 0:
            self._feed_unfinished()
            return None
        head = bytes(self._unread[: end + len(END_OF_HEAD)])
        fed_bytes, self._fed_bytes, self._has_skipped_line = self._fed_bytes, 0, False
        del self._unread[: len(head)]
        return self._finish(head, fed_bytes, peer)

    def body(self, size: int) -> bytes | None:
        """The body of the request that was returned last; None if it is not complete."""
        if len(self._unread) < size:
            return None
        body = bytes(self._unread[:size])
        del self._unread[:size]
        self._reader.feed(body)
        return body

    def clear(self) -> None:
        self._unread.clear()

    def close(self) -> None:
        self.clear()
        self._reader.close()

    def _finish(self, head: bytes, fed_bytes: int, peer: str) -> Request:
        """The request with this head, of which the reader already has the first bytes. Raises Refused."""
        try:
            self._reader.feed(head[fed_bytes:] if fed_bytes else head)
            return self._reader.finish(head, peer)
        except Refused as refused:
            raise _explained(refused, head) from None

    def _feed_unfinished(self) -> None:
        """The end of the head is missing; the parser already finds errors in what is there."""
        if not self._unread or self._unread == b"\r":
            return
        try:
            self._reader.check_unfinished(self._unread)
            self._reader.feed(bytes(self._unread[self._fed_bytes :]))
        except Refused as refused:
            raise _explained(refused, self._unread) from None
        self._fed_bytes = len(self._unread)


def _explained(refused: Refused, head: bytes | bytearray) -> Refused:
    """A client that begins with the preface of HTTP/2 learns what it may speak."""
    return Refused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED) if is_http_2_preface(head) else refused
