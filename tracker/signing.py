"""Signing and encryption, one key per purpose: a signature is valid for its purpose only.

`keys` are ordered newest first: the newest signs and encrypts, all of them verify and decrypt. All use
SHA-256 (the default of itsdangerous is SHA-1).
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from itsdangerous import Signer
from itsdangerous.signer import HMACAlgorithm

from tracker.errors import LinkledgerError

CLICK_TOKEN = "linkledger.click-token.1"
SOURCE_SECRET = "linkledger.source-secret.1"
MAIL_BODY = "linkledger.mail-body.1"
MAIL_UNSUBSCRIBE = "linkledger.mail-unsubscribe.1"


class CannotDecrypt(LinkledgerError):
    """The secret was stored under a key that is no longer in LINKLEDGER_SECRET_KEY."""


def signer(keys: Sequence[str], purpose: str) -> Signer:
    """A signer whose `get_signature` returns 43 characters of [A-Za-z0-9_-]."""
    oldest_first = [key.encode() for key in reversed(keys)]
    return _CachingSigner(
        oldest_first,
        salt=purpose,
        key_derivation="hmac",
        digest_method=hashlib.sha256,
        algorithm=_HmacSha256(hashlib.sha256),
    )


class _CachingSigner(Signer):
    """Derives each key once instead of for every signature."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._derived: dict[str | bytes | None, bytes] = {}

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        derived = self._derived.get(secret_key)
        if derived is None:
            derived = self._derived[secret_key] = super().derive_key(secret_key)
        return derived


class _HmacSha256(HMACAlgorithm):
    """The same signature as the base class, in one call of a C function."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha256")


def encrypt(keys: Sequence[str], purpose: str, secret: str) -> str:
    """Encrypt a secret that we must be able to read again, such as a webhook secret."""
    return _fernet(keys, purpose).encrypt(secret.encode()).decode()


def decrypt(keys: Sequence[str], purpose: str, text: str) -> str:
    """The secret that `encrypt` was given. Raises CannotDecrypt when none of the keys fits."""
    try:
        return _fernet(keys, purpose).decrypt(text.encode()).decode()
    except InvalidToken:
        raise CannotDecrypt(
            "A stored secret cannot be read: it was encrypted under another LINKLEDGER_SECRET_KEY. "
            "Add the former key after the current one, separated by a comma."
        ) from None


def _fernet(keys: Sequence[str], purpose: str) -> MultiFernet:
    def derived(key: str) -> Fernet:
        digest = hashlib.blake2b(key.encode(), person=_personalization(purpose), digest_size=32).digest()
        return Fernet(base64.urlsafe_b64encode(digest))

    return MultiFernet([derived(key) for key in keys])


def _personalization(purpose: str) -> bytes:
    return hashlib.sha256(purpose.encode()).digest()[:16]
