"""The hash chain of audit entries. A changed, missing or reordered entry breaks it. Pure."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from config.canonical import canonical_json, iso_text

GENESIS = "0" * 64

INSTALLATION = "installation"
"""The id of the chain for what concerns no brand."""

HASHED = (
    "id",
    "chain_id",
    "number",
    "at",
    "actor_kind",
    "actor_id",
    "entry_point",
    "browser_family",
    "country",
    "brand_id",
    "subject_kind",
    "subject_id",
    "action",
    "before",
    "after",
    "personal_about",
    "personal_hash",
)
"""The columns that the hash of an entry covers, besides the previous hash."""


def entry_hash(previous_hash: str, columns: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, of the previous hash and the columns of HASHED as canonical JSON."""
    content = plain({name: columns[name] for name in HASHED})
    return _sha256(previous_hash + canonical_json(content))


def personal_hash(salt: str, content: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, of salt and personal parts: without the salt they cannot be guessed."""
    return _sha256(salt + canonical_json(plain(content)))


def plain(value: Any) -> Any:
    """`value` as it is stored: times as text in UTC, members of enums as their values, tuples as lists."""
    if isinstance(value, datetime):
        return iso_text(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
