"""Argon2id hashes. The library is loaded with this module: see hashing.py."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

_HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
"""The second recommended option of RFC 9106, section 4: 64 MiB, three passes, four lanes."""


def hash_password(password: str) -> str:
    return _HASHER.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether it is the password. For None, which never matches, a hash of nobody's password is verified."""
    decoy = _hash_of_nobody()
    try:
        _HASHER.verify(stored or decoy, password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than a new one would be."""
    return _HASHER.check_needs_rehash(stored)


@cache
def _hash_of_nobody() -> str:
    """Made before the first password is verified, so that no request shows by its time that it is needed."""
    return _HASHER.hash(secrets.token_urlsafe())
