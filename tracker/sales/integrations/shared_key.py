"""What Shopify and WooCommerce have in common: base64 of HMAC-SHA256 over the raw body, without a time."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

from tracker.sales.reports.messages import NotAuthentic

_VISIBLE = re.compile(r"[\x21-\x7e]{1,200}")


def lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    """Names of headers come in any case."""
    return {name.lower(): value for name, value in headers.items()}


def check_body_signature(header: str, given: str, body: bytes, secrets: Sequence[str]) -> None:
    """Raises NotAuthentic. Every live secret is tried, in a time that does not tell which one was near."""
    if not given:
        raise NotAuthentic("missing", f"The request needs the header {header}.")
    try:
        signature = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        raise NotAuthentic("malformed", f"{header} is not base64.") from None
    found = False
    for secret in secrets:
        found |= hmac.compare_digest(_signature(secret, body), signature)
    if not found:
        raise NotAuthentic(
            "signature", f"{header} does not fit this source's secret and the body as it arrived."
        )


def body_signature(secret: str, body: bytes) -> str:
    """What a shop writes into its header."""
    return base64.b64encode(_signature(secret, body)).decode()


def visible_ascii(value: str) -> str | None:
    """The value of a header that may serve as a key: 1 to 200 visible ASCII characters."""
    return value if _VISIBLE.fullmatch(value) else None


def body_key(body: bytes) -> str:
    """A key for a message that has none of its own."""
    return f"body-{hashlib.sha256(body).hexdigest()[:32]}"


def _signature(secret: str, body: bytes) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()
