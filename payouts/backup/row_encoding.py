"""Encoding of a row as one line of JSON, and its decoding. Pure.

A line is a JSON array in the order of the table's columns. The same row gives the same bytes on both kinds of
databases, so that tables can be compared by their hashes.
"""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

Kind = Literal["text", "integer", "flag", "time", "bytes", "uuid"]


def encode_row(kinds: Sequence[Kind], values: Sequence[Any]) -> bytes:
    """Times must be aware; they are written in UTC, to the microsecond."""
    row = [
        None if value is None else _ENCODERS[kind](value) for kind, value in zip(kinds, values, strict=True)
    ]
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def decode_row(kinds: Sequence[Kind], line: bytes) -> list[Any]:
    """Raises ValueError for any line that encode_row would not make of a row with these kinds."""
    row = json.loads(line)
    if not isinstance(row, list) or len(row) != len(kinds):
        raise ValueError(f"is not a row of {len(kinds)} values")
    return [None if value is None else _DECODERS[kind](value) for kind, value in zip(kinds, row, strict=True)]


def _require_type(value: Any, kind: type) -> Any:
    """Compare types exactly: in Python, True == 1 and 1 == 1.0."""
    if type(value) is not kind:
        raise ValueError(f"holds a {type(value).__name__} in place of a {kind.__name__}")
    return value


def _encode_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _encode_time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def _decode_time(value: Any) -> datetime:
    at = datetime.fromisoformat(_require_type(value, str))
    if at.tzinfo is None:
        raise ValueError("holds a time without a zone")
    return at


def _decode_bytes(value: Any) -> bytes:
    return base64.b64decode(_require_type(value, str), validate=True)


_ENCODERS: dict[Kind, Callable[[Any], Any]] = {
    "text": str,
    "integer": int,
    "flag": bool,
    "time": _encode_time,
    "bytes": _encode_bytes,
    "uuid": str,
}
_DECODERS: dict[Kind, Callable[[Any], Any]] = {
    "text": lambda value: _require_type(value, str),
    "integer": lambda value: _require_type(value, int),
    "flag": lambda value: _require_type(value, bool),
    "time": _decode_time,
    "bytes": _decode_bytes,
    "uuid": lambda value: UUID(_require_type(value, str)),
}
