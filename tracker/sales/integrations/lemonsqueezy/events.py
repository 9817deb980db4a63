"""Lemon Squeezy: events about orders, and about payments and the beginning of subscriptions.

Sources, read 2026-11: Lemon Squeezy's pages on webhooks (event types, requests, signing), its API reference
of orders, subscriptions and subscription invoices, and its page on custom data of the checkout. Not described
there, but in every message that was seen: `meta.webhook_id`, a UUID per event, and `meta.test_mode`.

What an order is: an order is one, by its id. Of a subscription, the initial invoice is the payment of its
order, and each later invoice is an order of its own. The initial invoice does not contain the order's id; a
refund of it finds the order by another name (`refunded_invoice_names`).
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker.errors import Invalid
from tracker.language.texts import gettext as _
from tracker.sales.event_reasons import EventReason
from tracker.sales.integrations.lemonsqueezy import sales
from tracker.sales.integrations.lemonsqueezy.objects import (
    LemonEvent,
    Names,
    invoice_names,
    order_names,
    refunded_invoice_names,
    subscription_names,
)
from tracker.sales.integrations.shared_key import (
    body_key,
    body_signature,
    check_body_signature,
    lower_case,
    visible_ascii,
)
from tracker.sales.integrations.trial_order import TrialMessage, TrialOrder, trial_message
from tracker.sales.reports import strict_json
from tracker.sales.reports.fields import Fields, describe, is_plain_text
from tracker.sales.reports.messages import Message
from tracker.sales.reports.provider_reports import AnyReport, NoEffect

_HEADER = "X-Signature"
_SECRET_BYTES = 24
"""As base64, 32 characters; the field of the webhook takes 40."""


@dataclass(frozen=True)
class _Rule:
    """The type of an event's object, how to read the names of its order, and how to make the reports."""

    type: str
    names: Callable[[Any, dict[str, Any]], Names]
    reports: Callable[[LemonEvent], tuple[AnyReport, ...]]


_INVOICES = "subscription-invoices"
_PAYMENT = _Rule(_INVOICES, invoice_names, sales.payment)
_SUBSCRIPTION = _Rule("subscriptions", subscription_names, sales.subscription)

_RULES = {
    "order_created": _Rule("orders", order_names, sales.order),
    "order_refunded": _Rule("orders", order_names, sales.refunded_order),
    "subscription_payment_success": _PAYMENT,
    "subscription_payment_recovered": _PAYMENT,  # always sent beside subscription_payment_success
    "subscription_payment_refunded": _Rule(_INVOICES, refunded_invoice_names, sales.refunded_payment),
    "subscription_created": _SUBSCRIPTION,
    "subscription_updated": _SUBSCRIPTION,
}


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> str:
    """A key for the message. Raises NotAuthentic. `now` is unused, because no time is signed.

    A message that is sent again has the same body. The hash of the body is part of the key, because nothing
    is documented about `webhook_id`; if it were not unique, other messages would be in conflict.
    """
    check_body_signature(_HEADER, lower_case(headers).get(_HEADER.lower(), ""), body, secrets, "hex")
    webhook_id = _webhook_id(body)
    if webhook_id is None:
        return body_key(body)
    return f"{webhook_id[:100]}-{hashlib.sha256(body).hexdigest()[:32]}"


def signed_headers(secret: str, body: bytes) -> dict[str, str]:
    """The headers that Lemon Squeezy sends with `body`, except X-Event-Name: the body says it, too."""
    return {
        _HEADER.lower(): body_signature(secret, body, "hex"),
        "content-type": "application/json",
    }


def secret_from(random_bytes: bytes) -> str:
    return base64.urlsafe_b64encode(random_bytes[:_SECRET_BYTES]).decode()


def check_secret(secret: str) -> None:
    """Raises Invalid when it cannot be a secret. The message does not repeat the secret.

    Lemon Squeezy accepts 6 characters, which can be guessed from one signed message.
    """
    if visible_ascii(secret) is None or not 16 <= len(secret) <= 40:
        raise Invalid(
            _(
                "The signing secret of a Lemon Squeezy webhook must have 16 to 40 visible characters. "
                "Without a secret, one is generated that you copy into the webhook."
            )
        )


def read(body: bytes) -> Message:
    """Reads an event. Raises Invalid when the body is not strict JSON or not an object."""
    event = strict_json.parse(body)
    if not isinstance(event, dict):
        raise Invalid(
            f"The body must be a JSON object, an event of Lemon Squeezy's; it is {describe(event)}."
        )
    meta, data = _object(event, "meta"), _object(event, "data")
    attributes = _object(data, "attributes")
    name = meta.get("event_name")
    named = name if isinstance(name, str) and is_plain_text(name) else None
    order_id: str | None = None
    references: tuple[str, ...] = ()
    rule = _RULES.get(named or "")
    if rule is not None and data.get("type") == rule.type:
        order_id, references = rule.names(data.get("id"), attributes)
    content = {
        "id": data.get("id"),
        "type": data.get("type"),
        "custom": _object(meta, "custom_data"),
        "attributes": attributes,
    }
    return Message(named, order_id, content, references, is_test=_is_test(meta, attributes))


def translate(message: Message, received_at: datetime) -> tuple[AnyReport, ...]:
    """The reports in the event. Raises Invalid, naming the invalid field."""
    if message.type is None:
        raise Invalid("meta.event_name must be the name of an event, such as order_created.")
    rule = _RULES.get(message.type)
    if rule is None:
        return (NoEffect.because(EventReason.EVENT_TYPE_IGNORED, type=message.type),)
    data = Fields(message.data, "data")
    if data.values["type"] != rule.type:
        raise data.wrong("type", f"must be {rule.type} in an event {message.type}")
    if message.is_test is None:
        raise Fields({}, "meta").wrong("test_mode", "must be true or false")
    event = LemonEvent(
        object=Fields(data.values["attributes"], "data.attributes"),
        custom=data.values["custom"],
        order_id=message.order_id,
        references=message.references,
        is_test=message.is_test,
        received_at=received_at,
    )
    return rule.reports(event)


def trial_order(order: TrialOrder) -> TrialMessage:
    """An order in test mode. Shipping is unknown there."""
    attributes = {
        "order_number": order.number,
        "status": "paid",
        "currency": order.currency,
        "total": order.total,
        "tax": order.tax,
        "discount_total": 0,
        "refunded_amount": 0,
        "created_at": order.time,
        "updated_at": order.time,
    }
    custom = {"ll": order.click} if order.click else {}
    meta = {"test_mode": True, "event_name": "order_created", "custom_data": custom}
    data = {"type": "orders", "id": str(order.number), "attributes": attributes}
    return trial_message({"meta": meta, "data": data})


def _webhook_id(body: bytes) -> str | None:
    """None when absent or when the body cannot be read: such a message is stored and parked."""
    try:
        event = strict_json.parse(body)
    except Invalid:
        return None
    found = _object(event if isinstance(event, dict) else {}, "meta").get("webhook_id")
    return visible_ascii(found) if isinstance(found, str) else None


def _object(values: dict[str, Any], name: str) -> dict[str, Any]:
    """A nested object; empty when absent, or when PHP wrote it as an empty list."""
    value = values.get(name)
    return value if isinstance(value, dict) else {}


def _is_test(meta: dict[str, Any], attributes: dict[str, Any]) -> bool | None:
    """Older messages say it only inside the order."""
    holders = (meta, attributes, _object(attributes, "first_order_item"))
    return next((mode for each in holders if isinstance(mode := each.get("test_mode"), bool)), None)
