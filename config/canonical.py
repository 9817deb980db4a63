"""One text for one value, so that it can be hashed and compared."""

import json
from typing import Any

ISO_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"
"""Of fixed width, so that it sorts as time does."""


def canonical_json(value: Any) -> str:
    """Sorted keys, no spaces, no NaN. Raises ValueError on what is not JSON."""
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
