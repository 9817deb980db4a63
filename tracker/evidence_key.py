"""The evidence key: an Ed25519 key (RFC 8032) of this installation, which signs what it has verified.

It is a file in the home, made when it is first needed. Who can change the database cannot sign with it.
"""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from config.secret_file import load_or_create_secret
from config.settings import PREFIX, SettingsError
from tracker.base64url import base64url

FILE = "evidence_key"
KEY_BYTES = 32
_ALGORITHM = "ed25519:"


@dataclass(frozen=True)
class EvidenceKey:
    """`key_id` names the public key: "ed25519:" and its 32 bytes in base64url, without padding."""

    key_id: str
    _private: Ed25519PrivateKey

    def sign(self, content: bytes) -> str:
        """The signature of the content, in base64url without padding."""
        return _encode(self._private.sign(content))


def load_evidence_key(home: Path) -> EvidenceKey:
    """The key in the home; it is made if there is none. Raises SettingsError when it cannot be read."""
    path = home / FILE
    try:
        private = Ed25519PrivateKey.from_private_bytes(
            _decode(load_or_create_secret(path, length_bytes=KEY_BYTES))
        )
    except (ValueError, OSError):
        raise SettingsError(
            f"{PREFIX}HOME: {path} contains no valid evidence key. Restore it, or remove it: then a new one "
            "is made, and the next self-check checks all books"
        ) from None
    return EvidenceKey(_ALGORITHM + _encode(private.public_key().public_bytes_raw()), private)


def is_signed(key_id: str, content: bytes, signature: str) -> bool:
    """Whether the key that `key_id` names signed exactly this content."""
    try:
        public = Ed25519PublicKey.from_public_bytes(_decode(key_id.removeprefix(_ALGORITHM)))
        public.verify(_decode(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _encode(raw: bytes) -> str:
    return base64url(raw).decode()


def _decode(text: str) -> bytes:
    """Raises ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
