"""The click token: which click of which link, signed, so that a sale can be credited from the token alone.

44 characters of payload, then 43 of signature, all of [A-Za-z0-9_-]: nothing else passes through Stripe's
`client_reference_id`, which is why no separator stands between the two. The payload is one byte (version in
the upper half, flags in the lower), the click's UUIDv7 and the link's UUID, in base64url.
"""

import base64
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from itsdangerous import Signer

from tracker.base64url import base64url
from tracker.errors import Invalid
from tracker.ids import uuid_time
from tracker.signing import CLICK_TOKEN, signer

PAYLOAD_LENGTH = 44
TOKEN_LENGTH = 87
_VERSION = 0x10
_EARNS = 0x01
_UNCONFIRMED = 0x02
_FORM = re.compile(rf"[A-Za-z0-9_-]{{{TOKEN_LENGTH}}}")


class InvalidToken(Invalid):
    """Not a token of this installation. Says why without repeating it."""


@dataclass(frozen=True)
class ClickToken:
    """`earns`: a sale may be credited to it. Not `confirmed`: a prerender, which perhaps nobody saw."""

    click_id: UUID
    link_id: UUID
    earns: bool
    confirmed: bool

    @property
    def at(self) -> datetime:
        """The time of the click, to the millisecond."""
        return uuid_time(self.click_id)


def make_token(keys: Sequence[str], click_id: UUID, link_id: UUID, *, earns: bool, confirmed: bool) -> str:
    flags = _VERSION | (_EARNS if earns else 0) | (0 if confirmed else _UNCONFIRMED)
    payload = base64url(bytes((flags,)) + click_id.bytes + link_id.bytes)
    signature = hmac.digest(_signing_key(tuple(keys)), payload, "sha256")
    return (payload + base64url(signature)).decode("ascii")


def read_token(keys: Sequence[str], text: str) -> ClickToken:
    """Raises InvalidToken for what is malformed, altered, or signed elsewhere or for another use.

    Every key of the list is tried, so that tokens outlive an exchange of keys.
    """
    if not _FORM.fullmatch(text):
        raise InvalidToken(
            f"A click token has {TOKEN_LENGTH} characters of A-Z a-z 0-9 _ and -; this has not."
        )
    payload, signature = text[:PAYLOAD_LENGTH].encode(), text[PAYLOAD_LENGTH:].encode()
    if not _is_canonical(signature) or not _signer(tuple(keys)).verify_signature(payload, signature):
        raise InvalidToken("The click token was altered, or made by another installation.")
    raw = base64.urlsafe_b64decode(payload)
    flags = raw[0]
    if flags & ~(_EARNS | _UNCONFIRMED) != _VERSION:
        raise InvalidToken("The click token is of a kind that this version of Linkledger does not know.")
    return ClickToken(
        click_id=UUID(bytes=raw[1:17]),
        link_id=UUID(bytes=raw[17:33]),
        earns=bool(flags & _EARNS),
        confirmed=not flags & _UNCONFIRMED,
    )


def _is_canonical(signature: bytes) -> bool:
    """The last of 43 characters has two bits that mean nothing; only the spelling that we write is good.

    Otherwise four strings would be the same token, and deduplication could be bypassed.
    """
    return base64url(base64.urlsafe_b64decode(signature + b"=")) == signature


@lru_cache(maxsize=8)
def _signer(keys: tuple[str, ...]) -> Signer:
    return signer(keys, CLICK_TOKEN)


@lru_cache(maxsize=8)
def _signing_key(keys: tuple[str, ...]) -> bytes:
    """What the signer signs with: its own way there is twice as long (measured)."""
    return _signer(keys).derive_key()
