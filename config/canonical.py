"""Canonical JSON: equal values give equal strings, so that they can be hashed and compared."""

import json
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

ISO_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"
"""Fixed width, so that sorting the strings sorts the times."""


@lru_cache(maxsize=4096)
def iso_text(at: datetime) -> str:
    """An aware time in UTC, as ISO_FORMAT writes it, which takes six times as long.

    The rows of a batch have few times, each in several columns.
    """
    return f"{at.astimezone(UTC).isoformat(timespec='microseconds').removesuffix('+00:00')}Z"


class CanonicalText(str):
    """JSON that `canonical_json` has made: columns store it as it is."""

    __slots__ = ()


def canonical_json(value: Any) -> str:
    """`value` as JSON with sorted keys and no spaces. Raises ValueError for NaN and infinity."""
    return _ENCODER.encode(value)


def canonical_text(value: str | None) -> str:
    """As `canonical_json`, which takes three times as long for a text: for the rows of large batches."""
    return "null" if value is None else encode_basestring(value)


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
