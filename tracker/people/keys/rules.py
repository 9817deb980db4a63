"""What a key looks like and what it may be for. Pure but for the choice of new secrets.

A key is `llk_`, the 32 digits of its public id, `_`, and a secret of 43 letters and digits: 256 random bits.
Only the secret's plain SHA-256 is kept. A slow hash with a salt protects what people can remember; nobody
can try out 2^256 secrets, and every call pays for the hash.
"""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterable
from typing import NamedTuple

from tracker.errors import Invalid

KEY = "key"
PREFIX = "llk"
SECRET_LENGTH = 43
"""62^43 is just above 2^256."""

SCOPES = {
    "sales:write": "report sales, refunds, cancellations and disputes",
    "sales:read": "read sales and who is credited for them",
    "postback": "report sales by an address that holds the key (GET /postback)",
}
"""What a key may be for, by name. A further one is a line here and a `keyed` view."""

EXCLUSIVE_SCOPES = frozenset({"postback"})
"""A key with this scope is sent in URLs, which proxies and networks log, so it must have no other scope."""

_ALPHABET = string.ascii_letters + string.digits
_KEY = re.compile(rf"{PREFIX}_([0-9a-f]{{32}})_([A-Za-z0-9]{{{SECRET_LENGTH}}})")


class PresentedKey(NamedTuple):
    """A key as somebody shows it: the id that it claims, and the secret that has to prove it."""

    key_id: str
    secret: str


def new_secret() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(SECRET_LENGTH))


def format_key(key_id: str, secret: str) -> str:
    """What the brand is shown once, for "key_…" and its secret."""
    return f"{PREFIX}_{key_id.removeprefix(f'{KEY}_')}_{secret}"


def parse_key(text: str) -> PresentedKey | None:
    """None for what is no key."""
    found = _KEY.fullmatch(text)
    return PresentedKey(f"{KEY}_{found[1]}", found[2]) if found else None


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def secret_matches(presented: str, secret_hash: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(hash_secret(presented), secret_hash)


def checked_scopes(names: Iterable[str]) -> list[str]:
    """Each once, sorted. Raises Invalid."""
    found = sorted(set(names))
    known = ", ".join(SCOPES)
    if not found:
        raise Invalid(f"A key needs at least one scope; there are {known}.")
    for name in found:
        if name not in SCOPES:
            raise Invalid(f"{name!r} is no scope; there are {known}.")
        if name in EXCLUSIVE_SCOPES and len(found) > 1:
            raise Invalid(
                f"The scope {name} stands alone: its key travels in addresses, which end up in logs. "
                "Make a key of its own for it."
            )
    return found
