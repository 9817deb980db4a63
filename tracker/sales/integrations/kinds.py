"""The table of source kinds: for each, how to verify, read and translate its messages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.errors import Invalid
from tracker.sales.integrations import api, csv_line, standard, woocommerce
from tracker.sales.integrations.shopify import orders as shopify
from tracker.sales.integrations.stripe import events as stripe
from tracker.sales.reports.messages import Message, NotAuthentic
from tracker.sales.reports.provider_reports import AnyReport

KINDS = ("standard", "stripe", "shopify", "woocommerce", "api", "csv")
FREELY_NAMING_KINDS = ("standard", "stripe", "api", "csv")
"""Kinds whose messages may name an order by its payment or its number; all other kinds use its id."""


@dataclass(frozen=True)
class Kind:
    """What Linkledger needs to know about a kind of source. All functions are pure.

    `verify(headers, body, secrets, now)` returns the message's id or raises NotAuthentic;
    `topic(headers)` is the type of the message where a header states it, else None;
    `read(body, topic)` parses a body, and raises Invalid when it cannot be read;
    `translate(message, received_at)` returns the reports, and raises Invalid when a field is invalid;
    `sign(secret, external_id, at, body, topic)` returns the headers of a test message;
    `is_ping(headers, body)` recognises the unsigned message by which a shop tests a new webhook;
    `check_secret(secret)` raises Invalid when this kind of shop cannot sign with that secret;
    `makes_secret`: Linkledger generates the secret; for the other kinds the shop generates it;
    `has_hook`: the source sends signed messages to /hooks/; other kinds have an entry point of their own.
    """

    verify: Callable[[Mapping[str, str], bytes, Sequence[str], datetime], str]
    topic: Callable[[Mapping[str, str]], str | None]
    read: Callable[[bytes, str | None], Message]
    translate: Callable[[Message, datetime], tuple[AnyReport, ...]]
    sign: Callable[[str, str, datetime, bytes, str], dict[str, str]]
    is_ping: Callable[[Mapping[str, str], bytes], bool]
    check_secret: Callable[[str], None]
    makes_secret: bool
    has_hook: bool = True


def _no_topic(_headers: Mapping[str, str]) -> None:
    return None


def _is_never_ping(_headers: Mapping[str, str], _body: bytes) -> bool:
    return False


def _refuse_unsigned(
    _headers: Mapping[str, str], _body: bytes, _secrets: Sequence[str], _now: datetime
) -> str:
    raise NotAuthentic("missing", "This source does not accept signed messages.")


def _no_secret(_secret: str) -> None:
    raise Invalid("A source of this kind has no secret.")


def _hookless_kind(
    read: Callable[[bytes, str | None], Message],
    translate: Callable[[Message, datetime], tuple[AnyReport, ...]],
) -> Kind:
    """A kind with an entry point of its own, which authenticates its callers; its messages are not signed."""
    return Kind(
        verify=_refuse_unsigned,
        topic=_no_topic,
        read=read,
        translate=translate,
        sign=lambda _secret, _id, _at, _body, _topic: {},
        is_ping=_is_never_ping,
        check_secret=_no_secret,
        makes_secret=False,
        has_hook=False,
    )


_KINDS = {
    "standard": Kind(
        verify=standard.verify,
        topic=_no_topic,
        read=lambda body, _: standard.read(body),
        translate=standard.translate,
        sign=lambda secret, external_id, at, body, _: standard.signed_headers(secret, external_id, at, body),
        is_ping=_is_never_ping,
        check_secret=standard.check_secret,
        makes_secret=True,
    ),
    "stripe": Kind(
        verify=stripe.verify,
        topic=_no_topic,
        read=lambda body, _: stripe.read(body),
        translate=stripe.translate,
        sign=lambda secret, _id, at, body, _: stripe.signed_headers(secret, at, body),
        is_ping=_is_never_ping,
        check_secret=stripe.check_secret,
        makes_secret=False,
    ),
    "shopify": Kind(
        verify=shopify.verify,
        topic=shopify.topic,
        read=shopify.read,
        translate=shopify.translate,
        sign=lambda secret, external_id, _at, body, topic: shopify.signed_headers(
            secret, external_id, body, topic
        ),
        is_ping=_is_never_ping,
        check_secret=shopify.check_secret,
        makes_secret=False,
    ),
    "woocommerce": Kind(
        verify=woocommerce.verify,
        topic=woocommerce.topic,
        read=woocommerce.read,
        translate=woocommerce.translate,
        sign=lambda secret, external_id, _at, body, topic: woocommerce.signed_headers(
            secret, external_id, body, topic
        ),
        is_ping=woocommerce.is_ping,
        check_secret=woocommerce.check_secret,
        makes_secret=True,
    ),
    "api": _hookless_kind(api.read, api.translate),
    "csv": _hookless_kind(csv_line.read, csv_line.translate),
}


def kind_of(name: str) -> Kind:
    """The kind with this name. Raises Invalid when there is none."""
    if name in _KINDS:
        return _KINDS[name]
    raise Invalid(f"{name!r} is not a kind of source; the kinds are {', '.join(KINDS)}.")
