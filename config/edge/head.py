"""Reads heads of requests: httptools checks their syntax, this module checks what httptools leaves open.

httptools refuses bare line feeds, NUL and other control characters, folded lines, and a length that is
ambiguous (twice, invalid, or beside Transfer-Encoding). It has no limits, accepts several spaces in the
request line and HTTP/2.0, and does not look at Host. Pure.
"""

import re
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from config.edge.application import CHUNKED, Request
from config.edge.refusals import UPGRADE_MESSAGE, Refused

END_OF_HEAD = b"\r\n\r\n"
_LINE_END = b"\r\n"
_HTTP_2_PREFACE = b"PRI * HTTP/2"
_ABSOLUTE_FORM = re.compile(rb"https?://[^/?#]+(.*)", re.IGNORECASE)
_SINGLE_FIELDS = frozenset((b"host", b"content-length"))


class HeadLimits(NamedTuple):
    """Largest sizes in bytes, line ends included for a field and for the whole head; number of fields."""

    line_bytes: int = 16_380
    field_bytes: int = 16_380
    fields: int = 100
    head_bytes: int = 65_536


class HeadReader:
    """Reads the heads of one connection, one after the other.

    It and its parser refer to each other: call `close`, so that no garbage collection has to find them.
    """

    def __init__(self, limits: HeadLimits) -> None:
        self._limits = limits
        self._parser: HttpRequestParser | None = HttpRequestParser(self)
        self._begin()

    def _begin(self) -> None:
        self._fields: dict[bytes, bytes] = {}
        self._repeated = 0
        self._is_ambiguous = self._is_upgrade = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser calls this for each field. It removes space before the value, but not behind it."""
        name = name.lower()
        if name in self._fields:
            self._repeated += 1
            self._is_ambiguous = self._is_ambiguous or name in _SINGLE_FIELDS
            value = self._fields[name] + b"," + value
        self._fields[name] = value

    def feed(self, piece: bytes) -> None:
        """Take a part of a head, or of a body, which the parser has to skip. Raises Refused."""
        assert self._parser is not None
        try:
            self._parser.feed_data(piece)
        except HttpParserUpgrade:
            self._is_upgrade = True
        except HttpParserError:
            raise Refused(HTTPStatus.BAD_REQUEST) from None

    def check_unfinished(self, unread: bytearray) -> None:
        """Raises Refused if the head that begins here cannot become one within the limits."""
        line_end = unread.rfind(_LINE_END)
        length = len(unread) if line_end < 0 else len(unread) - line_end - len(_LINE_END)
        if line_end < 0 and length > self._limits.line_bytes + 1:
            raise Refused(HTTPStatus.REQUEST_URI_TOO_LONG)
        if length > self._limits.field_bytes or len(unread) > self._limits.head_bytes:
            raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def finish(self, head: bytes, peer: str) -> Request:
        """The request with this head, all of which was fed. Raises Refused."""
        fields, field_count = self._fields, len(self._fields) + self._repeated
        is_ambiguous, is_upgrade = self._is_ambiguous, self._is_upgrade
        self._begin()
        line, _, rest = head.partition(_LINE_END)
        self._check_limits(head, line, rest, field_count)
        method, target, is_http_1_0 = self._split_line(line)
        if is_ambiguous or (b"host" not in fields and not is_http_1_0):
            raise Refused(HTTPStatus.BAD_REQUEST)
        if is_upgrade and method != "CONNECT":
            raise Refused(HTTPStatus.BAD_REQUEST, UPGRADE_MESSAGE)
        path, query = ("", "") if method == "CONNECT" else _split_target(target)
        expected = fields.get(b"expect")
        if expected is not None and not is_http_1_0 and expected.strip().lower() != b"100-continue":
            raise Refused(HTTPStatus.EXPECTATION_FAILED)
        keep_alive = _keeps_alive(fields.get(b"connection"), is_http_1_0) and not is_upgrade
        return Request(method, path, query, fields, peer, is_http_1_0, keep_alive, _body_bytes(fields))

    def close(self) -> None:
        self._parser = None

    def _check_limits(self, head: bytes, line: bytes, rest: bytes, field_count: int) -> None:
        limits = self._limits
        if len(line) > limits.line_bytes:
            raise Refused(HTTPStatus.REQUEST_URI_TOO_LONG)
        if field_count > limits.fields or len(head) > limits.head_bytes:
            raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if len(rest) > limits.field_bytes and max(map(len, rest.split(_LINE_END))) + 2 > limits.field_bytes:
            raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _split_line(self, line: bytes) -> tuple[str, bytes, bool]:
        """Method, target, and whether the version is HTTP/1.0. Raises Refused."""
        assert self._parser is not None
        parts = line.split(b" ")
        # The parser skips line ends before the method and spaces between the parts.
        if len(parts) != 3 or parts[0] != self._parser.get_method():
            raise Refused(HTTPStatus.BAD_REQUEST)
        method, target, version = parts
        if version not in (b"HTTP/1.1", b"HTTP/1.0"):
            raise Refused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
        return method.decode("ascii"), target, version == b"HTTP/1.0"


def is_http_2_preface(head: bytes | bytearray) -> bool:
    return head.startswith(_HTTP_2_PREFACE)


def _split_target(target: bytes) -> tuple[str, str]:
    """Path and query of a target in origin form or absolute form (RFC 9112, 3.2), without a fragment.

    The Host field is what counts, also beside the absolute form: the web process does the same.
    """
    if not target.startswith(b"/"):
        absolute = _ABSOLUTE_FORM.fullmatch(target)
        if absolute is None and target != b"*":
            raise Refused(HTTPStatus.BAD_REQUEST)
        target = absolute[1] if absolute is not None else target
    path, _, query = target.partition(b"#")[0].partition(b"?")
    if b"%" in path:
        path = unquote_to_bytes(path)
    return (path or b"/").decode("latin-1"), query.decode("latin-1")


def _body_bytes(fields: dict[bytes, bytes]) -> int:
    if b"transfer-encoding" in fields:
        return CHUNKED
    return int(fields.get(b"content-length", b"0"))


@lru_cache(maxsize=64)
def _keeps_alive(connection: bytes | None, is_http_1_0: bool) -> bool:
    """By the version and the Connection field (RFC 9112, 9.3)."""
    options = {option.strip().lower() for option in (connection or b"").split(b",")}
    return b"close" not in options and (not is_http_1_0 or b"keep-alive" in options)
