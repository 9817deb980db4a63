"""The kinds of shop, one file each: how to verify a message of theirs, and how to translate it."""

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
"""Kinds of which messages may name an order by its payment or its number; the others do by its id."""


@dataclass(frozen=True)
class Kind:
    """What a kind of shop has to know. All pure.

    `verify(headers, body, secrets, now)` returns the message's own id or raises NotAuthentic;
    `topic(headers)` is what the message is about, where the body does not say it;
    `read(body, topic)` raises Invalid on a body that nothing can be read from;
    `translate(message, received_at)` raises Invalid on a message that makes no sense;
    `sign(secret, external_id, at, body, topic)` makes the headers of a shop, for trying things out;
    `is_greeting(headers, body)` knows the unsigned message by which a shop asks whether anybody is there;
    `check_secret(secret)` raises Invalid on what cannot be the secret that the shop signs with;
    `makes_secret`: the secret is made here and given to the shop; of the others the shop makes it;
    `has_hook`: it sends signed messages; what the others report comes by a door of its own.
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
    raise NotAuthentic("missing", "This source takes no signed messages.")


def _no_secret(_secret: str) -> None:
    raise Invalid("A source of this kind has no secret.")


def _hookless_kind(
    read: Callable[[bytes, str | None], Message],
    translate: Callable[[Message, datetime], tuple[AnyReport, ...]],
) -> Kind:
    """A door of ours, which judges its callers by itself; nothing is signed."""
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
    """Of any source. Raises Invalid on a kind that does not exist."""
    if name in _KINDS:
        return _KINDS[name]
    raise Invalid(f"{name!r} is not a kind of source; the kinds are {', '.join(KINDS)}.")
