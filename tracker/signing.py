"""One signer for each purpose: what was signed for one use is worthless for another.

Keys are given newest first; the newest signs, all verify. SHA-256 throughout (the default is SHA-1).
"""

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from itsdangerous import Signer

from tracker.errors import LinkledgerError

CLICK_TOKEN = "linkledger.click-token.1"
SOURCE_SECRET = "linkledger.source-secret.1"


class CannotDecrypt(LinkledgerError):
    """The secret was stored under a key that is no longer in LINKLEDGER_SECRET_KEY."""


def signer(keys: Sequence[str], purpose: str) -> Signer:
    """A signer whose `get_signature` returns 43 characters of [A-Za-z0-9_-]."""
    oldest_first = [key.encode() for key in reversed(keys)]
    return Signer(oldest_first, salt=purpose, key_derivation="hmac", digest_method=hashlib.sha256)


def encrypt(keys: Sequence[str], purpose: str, secret: str) -> str:
    """For secrets that we must be able to read again, such as a webhook's."""
    return _box(keys, purpose).encrypt(secret.encode()).decode()


def decrypt(keys: Sequence[str], purpose: str, text: str) -> str:
    """Raises CannotDecrypt when none of the keys fits."""
    try:
        return _box(keys, purpose).decrypt(text.encode()).decode()
    except InvalidToken:
        raise CannotDecrypt(
            "A stored secret cannot be read: it was encrypted under another LINKLEDGER_SECRET_KEY. "
            "Add the former key after the current one, separated by a comma."
        ) from None


def _box(keys: Sequence[str], purpose: str) -> MultiFernet:
    def derived(key: str) -> Fernet:
        digest = hashlib.blake2b(key.encode(), person=_person(purpose), digest_size=32).digest()
        return Fernet(base64.urlsafe_b64encode(digest))

    return MultiFernet([derived(key) for key in keys])


def _person(purpose: str) -> bytes:
    return hashlib.sha256(purpose.encode()).digest()[:16]
