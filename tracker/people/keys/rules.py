"""The format and the scopes of API keys. Pure, except for the random choice of new secrets.

A key is `llk_`, the 32 hex digits of its public id, `_`, and a secret of 43 letters and digits: 256 random
bits. Only the plain SHA-256 of the secret is stored. A slow, salted hash protects passwords that can be
guessed; here it would only slow down every call, because 2^256 secrets cannot be tried.
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
    "postback": "report sales by a URL that contains the key (GET /postback)",
}
"""What each scope allows. A new scope needs a line here and a `keyed` view."""

EXCLUSIVE_SCOPES = frozenset({"postback"})
"""A key with this scope is sent in URLs, which proxies and networks log, so it must have no other scope."""

_ALPHABET = string.ascii_letters + string.digits
_KEY = re.compile(rf"{PREFIX}_([0-9a-f]{{32}})_([A-Za-z0-9]{{{SECRET_LENGTH}}})")


class PresentedKey(NamedTuple):
    """A key as a caller presents it: the claimed id, and the secret that proves it."""

    key_id: str
    secret: str


def new_secret() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(SECRET_LENGTH))


def format_key(key_id: str, secret: str) -> str:
    """The full text of a key, which is shown only once, from its id ("key_…") and its secret."""
    return f"{PREFIX}_{key_id.removeprefix(f'{KEY}_')}_{secret}"


def parse_key(text: str) -> PresentedKey | None:
    """The id and the secret in the text of a key; None if the text does not have the form of a key."""
    found = _KEY.fullmatch(text)
    return PresentedKey(f"{KEY}_{found[1]}", found[2]) if found else None


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def secret_matches(presented: str, secret_hash: str) -> bool:
    """Whether the secret has this hash, compared in constant time."""
    return hmac.compare_digest(hash_secret(presented), secret_hash)


def checked_scopes(names: Iterable[str]) -> list[str]:
    """The scopes without duplicates, sorted. Raises Invalid."""
    scopes = sorted(set(names))
    known = ", ".join(SCOPES)
    if not scopes:
        raise Invalid(f"A key needs at least one scope; choose from: {known}.")
    for name in scopes:
        if name not in SCOPES:
            raise Invalid(f"{name!r} is not a scope; choose from: {known}.")
        if name in EXCLUSIVE_SCOPES and len(scopes) > 1:
            raise Invalid(
                f"The scope {name} cannot be combined with others: its key is part of URLs, which are often "
                "logged. Create a separate key for it."
            )
    return scopes
