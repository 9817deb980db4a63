"""Hashing of passwords outside of transactions, a few at the same time: each takes 64 MiB and four threads.

The library is loaded when the first password is hashed, because most people have none.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from tracker.errors import LinkledgerError
from tracker.language.texts import gettext as _

HASHES_MODULE = "tracker.people.credentials.argon2_hashes"
MAX_CONCURRENT = 2
WAIT_S = 5

_places = threading.BoundedSemaphore(MAX_CONCURRENT)


class TooManyHashes(LinkledgerError):
    """Other passwords are being hashed, and none of them was finished in time."""

    status = 503
    exit_code = 1

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(WAIT_S)}


def hash_password(password: str) -> str:
    """The Argon2id hash, with its parameters and salt. Raises TooManyHashes."""
    with _a_place() as hashes:
        return str(hashes.hash_password(password))


def verified(stored: str | None, password: str) -> str | None:
    """The hash to store from now on if it is the password, else None. Raises TooManyHashes.

    stored: None for a person without a password, and for nobody; it takes the same work. The returned hash is
    a new one when the stored one was made with other parameters.
    """
    with _a_place() as hashes:
        if not hashes.matches(stored, password):
            return None
        return str(hashes.hash_password(password)) if hashes.is_outdated(stored) else stored


@contextmanager
def _a_place() -> Iterator[Any]:
    if not _places.acquire(timeout=WAIT_S):
        raise TooManyHashes(
            _("Too many people are signing in at this moment. Please try again in some seconds.")
        )
    try:
        yield import_module(HASHES_MODULE)
    finally:
        _places.release()
