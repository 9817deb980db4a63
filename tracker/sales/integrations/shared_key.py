"""Signatures with a shared key over the raw body, without a time: HMAC-SHA256, as base64 or in hex."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from tracker.sales.reports.messages import NotAuthentic

SECRET_PREFIX = "whsec_"
Encoding = Literal["base64", "hex"]
_VISIBLE = re.compile(r"[\x21-\x7e]{1,200}")


def whsec_secret(random_bytes: bytes) -> str:
    """A secret as Standard Webhooks writes it, which other shops accept, too."""
    return SECRET_PREFIX + base64.b64encode(random_bytes).decode()


def lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with names in lower case; servers and shops write them in any case."""
    return {name.lower(): value for name, value in headers.items()}


def check_body_signature(
    header: str, given: str, body: bytes, secrets: Sequence[str], encoding: Encoding = "base64"
) -> None:
    """Raises NotAuthentic unless `given` signs `body` with one of the live secrets.

    `header` is the name of the header, for messages. All secrets are compared in constant time.
    """
    if not given:
        raise NotAuthentic("missing", f"The request needs the header {header}.")
    try:
        signature = _decode(given, encoding)
    except ValueError:  # binascii.Error is one
        raise NotAuthentic("malformed", f"{header} is not {encoding}.") from None
    found = False
    for secret in secrets:
        found |= hmac.compare_digest(_signature(secret, body), signature)
    if not found:
        raise NotAuthentic(
            "signature", f"{header} does not match this source's secret and the received body."
        )


def body_signature(secret: str, body: bytes, encoding: Encoding = "base64") -> str:
    """The value of the signature header that a shop sends with `body`."""
    signature = _signature(secret, body)
    return base64.b64encode(signature).decode() if encoding == "base64" else signature.hex()


def visible_ascii(value: str) -> str | None:
    """The value if it can be part of an event's key (1 to 200 visible ASCII characters), else None."""
    return value if _VISIBLE.fullmatch(value) else None


def body_key(body: bytes) -> str:
    """A key for a message without an id: a hash of its body."""
    return f"body-{hashlib.sha256(body).hexdigest()[:32]}"


def _decode(text: str, encoding: Encoding) -> bytes:
    """Raises ValueError. (`bytes.fromhex` would accept spaces, too.)"""
    return base64.b64decode(text, validate=True) if encoding == "base64" else binascii.unhexlify(text)


def _signature(secret: str, body: bytes) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()
