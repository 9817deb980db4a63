"""Example messages of shops and providers: complete, with invented data."""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "payloads"


def payload_names(kind: str) -> list[str]:
    """The names of all payloads of one kind of source."""
    return sorted(file.stem for file in FOLDER.glob(f"{kind}_*.json"))


def payload(name: str, **changes: Any) -> dict[str, Any]:
    """A new copy of a payload, with changes at its top level."""
    return copy.deepcopy(_read(name)) | changes


def event(name: str, *, type: str = "", key: str = "", at: int = 0, **changes: Any) -> dict[str, Any]:
    """An event of Stripe, with `changes` to its data.object.

    `key` is the id of the event, and `at` its time in seconds since 1970.
    """
    found = payload(name)
    found["type"], found["id"] = type or found["type"], key or found["id"]
    found["created"] = at or found["created"]
    found["data"]["object"] |= changes
    return found


def lemon(
    name: str, *, event_name: Any = "", custom: Any = None, key: int = 0, **changes: Any
) -> dict[str, Any]:
    """An event of Lemon Squeezy, with `changes` to its data.attributes.

    `custom` replaces its custom data when it is given, and `key` the end of its delivery's id.
    """
    found = payload(f"lemonsqueezy_{name}")
    meta = found["meta"]
    meta["event_name"] = meta["event_name"] if event_name == "" else event_name
    meta["custom_data"] = meta["custom_data"] if custom is None else custom
    meta["webhook_id"] = f"{meta['webhook_id'][:24]}{key:012}" if key else meta["webhook_id"]
    found["data"]["attributes"] |= changes
    return found


def raw(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


@cache
def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found
