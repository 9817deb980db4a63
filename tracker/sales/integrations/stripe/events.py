"""Stripe: events of Checkout, subscriptions, refunds and disputes, in the classic and the current format.

Sources, read 2026-11: Stripe's API reference and its changelog for 2025-03-31 ("basil"), which removed
`charge`, `payment_intent` and `tax` from invoices and moved the subscription below `parent`. The signature is
checked here and not by Stripe's package, which reads the system clock and is not loaded by this package.

What an order is: a Checkout session in payment mode is an order, by the session's id. Of a subscription, each
invoice is an order, by the invoice's id. The session that started the subscription names the first invoice
and brings the evidence for it; the two may arrive in either order. Refunds and disputes name a payment; the
sale or `invoice_payment.paid` links the payment to its order.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker.errors import Invalid
from tracker.language.texts import gettext as _
from tracker.sales.event_reasons import EventReason
from tracker.sales.integrations.shared_key import body_key, lower_case, visible_ascii
from tracker.sales.integrations.stripe import payments as stripe_payments
from tracker.sales.integrations.stripe import sales as stripe_sales
from tracker.sales.integrations.stripe.objects import StripeEvent, id_of, other_names, payment_names
from tracker.sales.reports import strict_json
from tracker.sales.reports.fields import Fields, describe, is_plain_text
from tracker.sales.reports.messages import Message, NotAuthentic, require_recent
from tracker.sales.reports.provider_reports import AnyReport, NoEffect

_HEADER = "stripe-signature"
_SECONDS = re.compile(r"[0-9]{1,11}")
_SECRET = re.compile(r"whsec_[\x21-\x7e]{8,200}")

Names = tuple[str | None, tuple[str, ...]]


@dataclass(frozen=True)
class _Rule:
    """How to read the names of an object's order (its id and its references), and how to make the reports."""

    names: Callable[[Mapping[str, Any]], Names]
    reports: Callable[[StripeEvent], tuple[AnyReport, ...]]


def _by_payment(found: Mapping[str, Any]) -> Names:
    """A refund or a dispute names no order, only its payment."""
    return None, payment_names(found)[:1]


_SESSION = _Rule(stripe_sales.session_names, stripe_sales.session)
_INVOICE = _Rule(stripe_sales.invoice_names, stripe_sales.invoice)
_INVOICE_PAYMENT = _Rule(stripe_sales.invoice_payment_names, stripe_sales.invoice_payment)
_REFUND = _Rule(_by_payment, stripe_payments.refund)
_DISPUTE = _Rule(_by_payment, stripe_payments.dispute)

_RULES = {
    "checkout.session.completed": _SESSION,
    "checkout.session.async_payment_succeeded": _SESSION,
    "invoice.paid": _INVOICE,
    "invoice_payment.paid": _INVOICE_PAYMENT,
    "charge.refunded": _Rule(stripe_payments.charge_names, stripe_payments.refunded_charge),
    "refund.created": _REFUND,
    "refund.updated": _REFUND,
    "refund.failed": _REFUND,
    "charge.refund.updated": _REFUND,  # the name of refund.updated before 2024
    "charge.dispute.created": _DISPUTE,
    "charge.dispute.updated": _DISPUTE,
    "charge.dispute.funds_withdrawn": _DISPUTE,
    "charge.dispute.funds_reinstated": _DISPUTE,
    "charge.dispute.closed": _DISPUTE,
    stripe_payments.ASKED: _DISPUTE,
}


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> str:
    """The event's id. `secrets` are all live secrets, as Stripe shows them. Raises NotAuthentic.

    The header is "t=SECONDS,v1=HEX[,v1=HEX…]"; the signed bytes are the seconds, a dot and the body.
    """
    given = lower_case(headers).get(_HEADER, "")
    if not given:
        raise NotAuthentic("missing", "The request needs the header Stripe-Signature.")
    parts = [part.partition("=") for part in given.split(",")]
    seconds = next((value for name, _equals, value in parts if name.strip() == "t"), "")
    signatures = [value.strip().encode() for name, _equals, value in parts if name.strip() == "v1"]
    if not _SECONDS.fullmatch(seconds) or not signatures:
        raise NotAuthentic("malformed", "Stripe-Signature must have t= with seconds since 1970, and a v1=.")
    found = False
    for secret in secrets:
        expected = _signature(secret, seconds, body).encode()
        for signature in signatures:
            found |= hmac.compare_digest(expected, signature)
    if not found:
        raise NotAuthentic(
            "signature",
            "No v1 in Stripe-Signature matches this source's secret and the received body. The secret must "
            "be the signing secret of this endpoint at Stripe.",
        )
    require_recent(int(seconds), now, "Stripe-Signature", "check the clock here.")
    return _event_id(body)


def signed_headers(secret: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers that Stripe sends with `body`."""
    seconds = str(int(at.timestamp()))
    return {
        "stripe-signature": f"t={seconds},v1={_signature(secret, seconds, body)}",
        "content-type": "application/json; charset=utf-8",
    }


def check_secret(secret: str) -> None:
    """Raises Invalid for an API key and other invalid secrets. The message does not repeat the secret."""
    if not _SECRET.fullmatch(secret):
        raise Invalid(
            _(
                "The signing secret of an endpoint at Stripe begins with whsec_. The endpoint's page shows "
                "it (Developers, Webhooks); API keys, which begin with sk_ or rk_, are not accepted."
            )
        )


def read(body: bytes) -> Message:
    """Reads an event. Raises Invalid when the body is not strict JSON or not an object.

    The number of pending deliveries and the API version are left out: two deliveries that differ only in them
    are the same message.
    """
    event = strict_json.parse(body)
    if not isinstance(event, dict):
        raise Invalid(f"The body must be a JSON object, an event of Stripe's; it is {describe(event)}.")
    kind, data = event.get("type"), event.get("data")
    named = kind if isinstance(kind, str) and is_plain_text(kind) else None
    found = data.get("object") if isinstance(data, dict) else None
    order_id: str | None = None
    references: tuple[str, ...] = ()
    if named in _RULES and isinstance(found, dict):
        order_id, references = _RULES[named].names(found)
    content = {"created": event.get("created"), "livemode": event.get("livemode"), "object": found}
    is_live = event.get("livemode")
    return Message(
        named,
        order_id,
        content,
        references,
        is_test=not is_live if isinstance(is_live, bool) else None,
        other_names=other_names(found) if isinstance(found, dict) else (),
    )


def translate(message: Message, received_at: datetime) -> tuple[AnyReport, ...]:
    """The reports in the event. Raises Invalid, naming the invalid field."""
    if message.type is None:
        raise Invalid("type must be the name of an event, such as checkout.session.completed.")
    rule = _RULES.get(message.type)
    if rule is None:
        return (NoEffect.because(EventReason.EVENT_TYPE_IGNORED, type=message.type),)
    envelope, found = Fields(message.data, "event"), message.data["object"]
    if not isinstance(found, dict):
        raise Invalid(f"data.object must be an object, not {describe(found)}.")
    if not isinstance(message.data["livemode"], bool):
        raise envelope.wrong("livemode", f"must be true or false, not {describe(message.data['livemode'])}")
    event = StripeEvent(
        type=message.type,
        at=envelope.unix_time("created", received_at),
        livemode=message.data["livemode"],
        object=Fields(found, "data.object"),
        order_id=message.order_id,
        references=message.references,
        received_at=received_at,
    )
    return rule.reports(event)


def _event_id(body: bytes) -> str:
    """The event's id, or a hash of the body if it cannot be read: such a message is stored and parked."""
    try:
        event = strict_json.parse(body)
    except Invalid:
        return body_key(body)
    found = id_of(event) if isinstance(event, dict) else None
    return (visible_ascii(found) if found else None) or body_key(body)


def _signature(secret: str, seconds: str, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
