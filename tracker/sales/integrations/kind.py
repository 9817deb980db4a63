"""What Linkledger needs to know about a kind of source. Each kind is declared in its own module or folder.

Nothing else decides by the name of a kind: code that treats kinds differently asks a field of `Kind`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from tracker.errors import Invalid
from tracker.reasons import ReasonTexts
from tracker.sales.integrations.shared_key import whsec_secret
from tracker.sales.integrations.trial_order import TrialMessage, TrialOrder
from tracker.sales.reports.messages import Message, NotAuthentic
from tracker.sales.reports.provider_reports import AnyReport


class Role(Enum):
    """Whose reports these are. A shop and a payment provider are never both primary in one namespace."""

    SHOP = "shop"
    PROVIDER = "provider"
    """A payment provider: it reports the payments of orders that a shop may report, too."""
    PERSON = "person"
    """A person or a program of the brand, which may report for a shop as well as for a provider."""


class OrderIds(Enum):
    """Who chooses the order ids, and so the namespace of a new source when none is given."""

    OWN = "own"
    """The shop or provider: each source has a new namespace."""
    SHARED_IF_CLEAR = "shared if clear"
    """The brand: the source shares the existing namespace; a new one if there are several."""
    SHARED = "shared"
    """The brand: the source shares the existing namespace; if there are several, one must be given."""


class RefundIds(Enum):
    """Whose ids a supporting source's refund claims have."""

    PROVIDER = "provider"
    """Those of the payment provider: the same refund has the same id in the claims of all such sources."""
    OWN = "own"
    """The shop's own: its claims are compared apart from those of others."""


def _no_topic(_headers: Mapping[str, str]) -> None:
    return None


def _is_never_ping(_headers: Mapping[str, str], _body: bytes) -> bool:
    return False


def _refuse_unsigned(
    _headers: Mapping[str, str], _body: bytes, _secrets: Sequence[str], _now: datetime
) -> str:
    raise NotAuthentic("missing", "This source does not accept signed messages.")


def _no_signature(
    _secret: str, _external_id: str, _at: datetime, _body: bytes, _topic: str
) -> dict[str, str]:
    return {}


def _no_secret(_secret: str) -> None:
    raise Invalid("A source of this kind has no secret.")


def _is_never_payment(_name: str) -> bool:
    return False


def _may_be_number(_name: str) -> bool:
    return True


@dataclass(frozen=True)
class Kind:
    """A kind of source. All functions are pure. `name` is stored; `title` is for people."""

    name: str
    title: str
    _: KW_ONLY

    read: Callable[[bytes, str | None], Message]
    """`read(body, topic)` parses a body. Raises Invalid when it cannot be read."""
    translate: Callable[[Message, datetime], tuple[AnyReport, ...]]
    """`translate(message, received_at)` returns the reports. Raises Invalid when a field is invalid."""
    reasons: ReasonTexts | None = None
    """The reason codes that its reports have and no other kind needs, with their texts. Two kinds may have
    the same code only with the same text."""

    role: Role
    order_ids: OrderIds = OrderIds.OWN
    names_orders_freely: bool
    """Its messages may name an order by its payment or its number; those of other kinds use the order's id,
    and an order's number may be another order's id."""
    can_support: bool = False
    """Its messages name the payment or the order of a source that it supports."""
    knows_primary_ids: bool = False
    """As a supporting source, the sender writes the ids that the orders have at the primary source."""
    refund_ids: RefundIds = RefundIds.PROVIDER
    is_payment_name: Callable[[str], bool] = _is_never_payment
    """Whether a name of an order is the id of a payment at this provider, which no two orders share."""

    has_hook: bool = True
    """The source sends signed messages to /hooks/; other kinds have an entry point of their own."""
    verify: Callable[[Mapping[str, str], bytes, Sequence[str], datetime], str] = _refuse_unsigned
    """`verify(headers, body, secrets, now)` returns the message's id. Raises NotAuthentic."""
    topic: Callable[[Mapping[str, str]], str | None] = _no_topic
    """`topic(headers)` is the type of the message where a header states it, else None."""
    topic_example: str = ""
    """A topic, for kinds that have it in a header."""
    sign: Callable[[str, str, datetime, bytes, str], dict[str, str]] = _no_signature
    """`sign(secret, external_id, at, body, topic)` returns the headers of a test message."""
    is_ping: Callable[[Mapping[str, str], bytes], bool] = _is_never_ping
    """`is_ping(headers, body)` recognises the unsigned message by which a shop tests a new webhook."""
    check_secret: Callable[[str], None] = _no_secret
    """Raises Invalid when this kind of shop cannot sign with that secret."""
    makes_secret: bool = False
    """Linkledger generates the secret; for the other kinds the shop generates it."""
    secret_from: Callable[[bytes], str] = whsec_secret
    """Writes 32 random bytes as a secret of this kind."""

    sent_time_field: str | None = None
    """The field of a message with its time of sending: RFC 3339 or seconds since 1970."""
    asked_dispute: Callable[[Mapping[str, Any], datetime], bytes | None] | None = None
    """`asked_dispute(found, asked_at)` writes the message that tells how a dispute ended, from the dispute as
    the provider has it; None while it is open. Without this function, nobody can be asked."""
    trial_order: Callable[[TrialOrder], TrialMessage] | None = None
    """Writes an invented order as the shop does. It never earns: it is marked as a test or, where the shop
    cannot do that, as not paid."""
    trial_is_booked: bool = True
    """Whether its trial order becomes a sale, marked as a test; otherwise it has no effect."""
    is_imported: bool = False
    """A person imports its messages when it suits them, so that silence and late times mean nothing."""
    is_order_number: Callable[[str], bool] = _may_be_number
    """Whether a name of an order can be a number that the shop counts up from order to order."""

    page: str
    """The page in docs/ that tells how to connect it."""
    events: str = ""
    """The events to choose in the shop's settings of its webhook."""
    signing_hint: str = "and sign them with the secret"
    """Stands before a generated secret."""
    reached: str = ""
    """How messages arrive without a webhook, in a few words, such as "by key"."""
    steps: tuple[str, ...] = ()
    """What to do with a new source that has no webhook; `{source}` and `{web}` stand for id and address."""
