"""Any shop: messages in our own schema, signed by Standard Webhooks 1.0.0 (standardwebhooks.com).

The signature is checked here and not by the `standardwebhooks` package: that package reads the system clock,
accepts one secret at a time, and raises ValueError for a signature without a comma.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from tracker.errors import Invalid
from tracker.language.texts import gettext as _
from tracker.sales.integrations.kind import Kind, OrderIds, Role
from tracker.sales.integrations.shared_key import SECRET_PREFIX
from tracker.sales.integrations.trial_order import TrialMessage, TrialOrder, trial_message
from tracker.sales.reports import strict_json
from tracker.sales.reports.fields import describe, is_plain_text
from tracker.sales.reports.messages import Message, NotAuthentic, require_recent
from tracker.sales.reports.normal import Report
from tracker.sales.reports.parsing import BY_MESSAGE, parse_references

_VERSION = "v1"
_ID = re.compile(r"[\x21-\x7e]{1,200}")
_SECONDS = re.compile(r"[0-9]{1,11}")


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> str:
    """The message's id, under which it is applied exactly once. Raises NotAuthentic.

    `headers` have names in any case; `secrets` are all live secrets, each "whsec_" and base64.
    """
    named = {name.lower(): value for name, value in headers.items()}
    external_id, seconds, signatures = (
        named.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")
    )
    if not (external_id and seconds and signatures):
        raise NotAuthentic(
            "missing", "The request needs the headers webhook-id, webhook-timestamp and webhook-signature."
        )
    if not _ID.fullmatch(external_id) or not _SECONDS.fullmatch(seconds):
        raise NotAuthentic(
            "malformed",
            "webhook-id must be 1 to 200 visible ASCII characters, webhook-timestamp seconds since 1970.",
        )
    expected = [_signature(secret, external_id, seconds, body) for secret in secrets]
    if not _any_signature_matches(expected, signatures):
        raise NotAuthentic(
            "signature",
            "No signature in webhook-signature matches this source's secret and the received body.",
        )
    require_recent(int(seconds), now, "webhook-timestamp", "send it again with the current time.")
    return external_id


def signed_headers(secret: str, external_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers that a shop sends with `body`."""
    seconds = str(int(at.timestamp()))
    signature = base64.b64encode(_signature(secret, external_id, seconds, body)).decode()
    return {
        "webhook-id": external_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"{_VERSION},{signature}",
        "content-type": "application/json",
    }


def check_secret(secret: str) -> None:
    """Raises Invalid unless it is "whsec_" and the base64 of 24 to 64 bytes, as the standard requires."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not 24 <= len(key) <= 64:
        raise Invalid(
            _(
                "The secret must be %(prefix)s, followed by the base64 of 24 to 64 random bytes.",
                prefix=SECRET_PREFIX,
            )
        )


def read(body: bytes) -> Message:
    """Reads the envelope. Raises Invalid when the body is not strict JSON or not an object."""
    envelope = strict_json.parse(body)
    if not isinstance(envelope, dict):
        raise Invalid(
            f"The body must be a JSON object with type, timestamp and data; it is {describe(envelope)}."
        )
    kind, data = envelope.get("type"), envelope.get("data")
    named = kind if isinstance(kind, str) and is_plain_text(kind) else None
    # Other types get no order id: a parked message with an order id would hold the order's commissions.
    if not isinstance(data, dict) or named not in BY_MESSAGE:
        return Message(named, None, data)
    order_id = data.get("order_id")
    return Message(named, order_id if is_plain_text(order_id) else None, data, parse_references(data))


def translate(message: Message, received_at: datetime) -> tuple[Report, ...]:
    """The report in the message. Raises Invalid, naming the invalid field."""
    if message.type is None:
        raise Invalid(f"type must be one of {', '.join(BY_MESSAGE)}.")
    report_type = BY_MESSAGE.get(message.type)
    if report_type is None:
        raise Invalid(
            f"Nothing is done for messages of type {message.type}; those that count are "
            f"{', '.join(BY_MESSAGE)}."
        )
    if not isinstance(message.data, dict):
        raise Invalid(f"data must be an object, not {describe(message.data)}.")
    return (report_type.parse(message.data, received_at),)


def trial_order(order: TrialOrder) -> TrialMessage:
    data = {
        "order_id": f"test-{order.number}",
        "occurred_at": order.time,
        "currency": order.currency,
        "total": order.total,
        "tax": order.tax,
        "shipping": order.shipping,
        "discount": 0,
        "click": order.click,
        "test": True,
    }
    return trial_message({"type": "sale.created", "timestamp": order.time, "data": data})


def _any_signature_matches(expected: Sequence[bytes], header: str) -> bool:
    """Whether one signature in the header is expected. All pairs are compared, in constant time."""
    found = False
    for entry in header.split():
        version, _comma, encoded = entry.partition(",")
        if version != _VERSION:
            continue
        try:
            given = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            continue
        for signature in expected:
            found |= hmac.compare_digest(signature, given)
    return found


def _signature(secret: str, external_id: str, seconds: str, body: bytes) -> bytes:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return hmac.new(key, f"{external_id}.{seconds}.".encode() + body, hashlib.sha256).digest()


KIND = Kind(
    "standard",
    "your own program",
    read=lambda body, _topic: read(body),
    translate=translate,
    role=Role.SHOP,
    order_ids=OrderIds.SHARED_IF_CLEAR,
    names_orders_freely=True,
    can_support=True,
    knows_primary_ids=True,
    verify=verify,
    sign=lambda secret, external_id, at, body, _topic: signed_headers(secret, external_id, at, body),
    check_secret=check_secret,
    makes_secret=True,
    sent_time_field="timestamp",
    trial_order=trial_order,
    page="docs/connect/anything.md",
    signing_hint="and sign them (Standard Webhooks) with the secret",
)
