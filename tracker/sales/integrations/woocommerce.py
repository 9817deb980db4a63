"""WooCommerce: every message about an order, except its deletion, contains the whole order with its refunds.

Sources, read 2026-11: WooCommerce's REST reference of orders (v3) and webhooks, and for what it does not
describe the class WC_Webhook: the delivery id is a hash of the webhook and the second, so two orders of the
same second share it; the first message is an unsigned "webhook_id=1" that must get the status 200; the
signing key is the secret with HTML's special characters decoded.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from tracker.errors import Invalid
from tracker.language.texts import gettext as _
from tracker.reasons import ReasonTexts
from tracker.sales.event_reasons import EventReason
from tracker.sales.integrations.kind import Kind, RefundIds, Role
from tracker.sales.integrations.order_fields import (
    child,
    children,
    codes,
    line_name,
    parse_numeric_id,
    require_numeric_id,
    split_tokens,
    tokens_in_pairs,
    tokens_in_url,
)
from tracker.sales.integrations.shared_key import (
    body_key,
    body_signature,
    check_body_signature,
    lower_case,
    visible_ascii,
)
from tracker.sales.integrations.stripe.objects import is_payment_name
from tracker.sales.integrations.trial_order import TrialMessage, TrialOrder, trial_message
from tracker.sales.reports import strict_json
from tracker.sales.reports.customer_hashes import address_hashes
from tracker.sales.reports.decimals import decimal_minor
from tracker.sales.reports.fields import Fields, describe, is_plain_text
from tracker.sales.reports.messages import Message
from tracker.sales.reports.normal import (
    CancellationReport,
    Item,
    RefundReport,
    SaleReport,
    require_parts_within,
)
from tracker.sales.reports.provider_reports import AnyReport, NoEffect

_ORDER_TOPICS = ("order.created", "order.updated")
_DELETED = "order.deleted"
_REVERSED_STATUSES = ("cancelled", "refunded", "failed", "trash")
_UNPAID = ("pending", "on-hold", "checkout-draft", "auto-draft", "draft")
_PING = re.compile(rb"webhook_id=[0-9]{1,20}")
_INTENT = "_stripe_intent_id"
# Since WooCommerce 8.5 the shop itself stores the URL on which the visit began.
_ENTRY_ADDRESS = "_wc_order_attribution_session_entry"


class WooReason(StrEnum):
    """Why a message changes nothing. Codes are stored, so they and the names of parameters never change."""

    NOT_PAID = "not_paid"
    STATUS_NOT_PAID = "status_not_paid"


_TEXTS = ReasonTexts(
    WooReason,
    {
        WooReason.NOT_PAID: "it was not paid",
        WooReason.STATUS_NOT_PAID: "the order is {status}, and was not paid",
    },
)


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> str:
    """A key for the message. Raises NotAuthentic. `now` is unused, because no time is signed."""
    named = lower_case(headers)
    check_body_signature("X-WC-Webhook-Signature", named.get("x-wc-webhook-signature", ""), body, secrets)
    delivery_id = visible_ascii(named.get("x-wc-webhook-delivery-id", ""))
    if delivery_id is None:
        return body_key(body)
    return f"{delivery_id[:100]}-{hashlib.sha256(body).hexdigest()[:32]}"


def topic(headers: Mapping[str, str]) -> str | None:
    """The topic of the message, from its header; the body does not contain it."""
    return visible_ascii(lower_case(headers).get("x-wc-webhook-topic", ""))


def is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether it is the unsigned message that tests a new webhook."""
    return "x-wc-webhook-signature" not in lower_case(headers) and _PING.fullmatch(body) is not None


def signed_headers(secret: str, delivery_id: str, body: bytes, about: str) -> dict[str, str]:
    """The headers that WooCommerce sends with `body`."""
    return {
        "x-wc-webhook-topic": about,
        "x-wc-webhook-signature": body_signature(secret, body),
        "x-wc-webhook-delivery-id": delivery_id,
        "content-type": "application/json",
    }


def check_secret(secret: str) -> None:
    """Raises Invalid when it cannot be a secret. The message does not repeat the secret."""
    if visible_ascii(secret) is None or len(secret) < 16 or set(secret) & set("&<>\"'"):
        message = _(
            "The secret of a WooCommerce webhook must have 16 to 200 visible characters, none of & < > \" ' "
            "(which WordPress changes). Without one, Linkledger makes one for you to copy."
        )
        raise Invalid(message)


def read(body: bytes, about: str | None) -> Message:
    """Raises Invalid when the body is not strict JSON or not an object."""
    data = strict_json.parse(body)
    if not isinstance(data, dict):
        raise Invalid(f"The body must be a JSON object, an order; it is {describe(data)}.")
    if about != _DELETED and about not in _ORDER_TOPICS:
        return Message(about, None, data)
    number = data.get("number")
    numbers = (number,) if isinstance(number, str) and is_plain_text(number) else ()
    order_id = parse_numeric_id(data.get("id"))
    names = (name for name in (*numbers, *_payments(data)) if name != order_id)
    return Message(about, order_id, data, tuple(names))


def _payments(order: Mapping[str, Any]) -> tuple[str, ...]:
    """Stripe's ids of the payment: its WooCommerce extension stores the charge and the payment intent.

    Numbers of other providers are left out, because another order may have the same number.
    """
    fields = Fields(dict(order), "order")
    names = [order.get("transaction_id")]
    pairs = [pair.values for pair in children(fields, "meta_data")]
    names += [each.get("value") for each in pairs if each.get("key") == _INTENT]
    found = (name for name in names if isinstance(name, str) and is_payment_name(name))
    return tuple(dict.fromkeys(found))


def translate(message: Message, received_at: datetime) -> tuple[AnyReport, ...]:
    """The reports in the message. Raises Invalid, naming the invalid field."""
    order = Fields(message.data, "order")
    if message.type is None:
        raise Invalid(
            "The header X-WC-Webhook-Topic is missing, so what the message is about cannot be told."
        )
    if message.type == _DELETED:
        return (CancellationReport(require_numeric_id(order, "id"), received_at),)
    if message.type not in _ORDER_TOPICS:
        return (NoEffect.because(EventReason.TOPIC_IGNORED, topic=message.type),)
    return tuple(_order_reports(order, message.references, received_at))


def _order_reports(order: Fields, references: tuple[str, ...], received_at: datetime) -> Iterator[AnyReport]:
    """The sale, the refunds and the cancellation that this version of the order contains.

    Every later update repeats them, so all are dated by the one time that never changes: when the order was
    paid. (Refunds inside an order have no time of their own.)
    """
    order_id, status = require_numeric_id(order, "id"), order.text("status")
    paid_at = _paid_at(order, status, received_at)
    if status in _UNPAID:
        yield NoEffect.because(WooReason.STATUS_NOT_PAID, status=status)
        return
    if paid_at is None:
        yield NoEffect.because(WooReason.NOT_PAID)
        return
    currency = order.currency("currency")
    created_at = order.lenient_time("date_created_gmt", received_at, "Z")
    sale = replace(_sale(order, order_id, currency, paid_at, references), checkout_started_at=created_at)
    if sale.total == 0:
        yield NoEffect.because(EventReason.NOTHING_PAID)
        return
    yield sale
    for each in children(order, "refunds"):
        amount = -decimal_minor(each, "total", currency)
        if amount < 0:
            raise each.wrong("total", "is above 0; what goes back is written below 0")
        if amount:
            yield RefundReport(order_id, require_numeric_id(each, "id"), paid_at, currency, amount)
    if status in _REVERSED_STATUSES:
        yield CancellationReport(order_id, paid_at)


def _paid_at(order: Fields, status: str, received_at: datetime) -> datetime | None:
    """When the order was paid, or None when it was not paid, or its payment has no final date yet.

    Fields whose names end in _gmt contain UTC times without a zone. An order that needs no shipping may first
    be in processing and get its payment date only when it is completed (WC_Order::maybe_set_date_paid).
    """
    name = "date_paid_gmt"
    if not order.values.get(name):
        if status != "completed":
            return None
        name = "date_created_gmt"  # a plugin completed the order without a payment date
    return Fields({name: f"{order.text(name)}Z"}, order.path).time(name, received_at)


def _sale(
    order: Fields, order_id: str, currency: str, paid_at: datetime, references: tuple[str, ...]
) -> SaleReport:
    total, tax = _not_negative(order, "total", currency), _not_negative(order, "total_tax", currency)
    shipping = _not_negative(order, "shipping_total", currency)
    require_parts_within(tax, shipping, total, "total", path="order.")
    click, touches = split_tokens(_tokens(order))
    address = address_hashes(child(order, "billing").values.get("email"))
    return SaleReport(
        order_id=order_id,
        occurred_at=paid_at,
        currency=currency,
        total=total,
        tax=tax,
        shipping=shipping,
        discount=_not_negative(order, "discount_total", currency),
        click=click,
        touches=touches,
        coupons=codes(order, "coupon_lines"),
        customer=parse_numeric_id(order.values.get("customer_id")),  # 0 is a guest
        customer_email_hash=address.exact,
        customer_mailbox_hash=address.mailbox,
        items=_items(order, currency),
        references=references,
    )


def _not_negative(fields: Fields, name: str, currency: str) -> int:
    minor = decimal_minor(fields, name, currency)
    if minor < 0:
        raise fields.wrong(name, "must be at least 0")
    return minor


def _items(order: Fields, currency: str) -> tuple[Item, ...]:
    """A line's `total` is after discount and without tax."""
    found = []
    for line in children(order, "line_items"):
        quantity = line.values.get("quantity")
        if type(quantity) is int and quantity > 0:
            found.append(Item(line_name(line), quantity, _not_negative(line, "total", currency)))
    return tuple(found)


def _tokens(order: Fields) -> Iterator[str]:
    """Tokens stored by the checkout first, then those in the URL on which the visit began."""
    yield from tokens_in_pairs(order, "meta_data", "key")
    for line in children(order, "line_items"):
        yield from tokens_in_pairs(line, "meta_data", "key")
    for pair in children(order, "meta_data"):
        if pair.values.get("key") == _ENTRY_ADDRESS:
            yield from tokens_in_url(pair.values.get("value"))


def trial_order(order: TrialOrder) -> TrialMessage:
    """An order that waits for its payment: WooCommerce does not mark test orders."""
    value = {
        "id": order.number,
        "number": f"test-{order.number}",
        "status": "pending",
        "currency": order.currency,
        "date_created_gmt": order.time.removesuffix("Z"),
        "total": order.decimal(order.total),
        "total_tax": order.decimal(order.tax),
        "shipping_total": order.decimal(order.shipping),
        "discount_total": order.decimal(0),
    }
    return trial_message(value, "order.created")


KIND = Kind(
    "woocommerce",
    "WooCommerce",
    read=read,
    translate=translate,
    reasons=_TEXTS,
    role=Role.SHOP,
    names_orders_freely=False,
    can_support=True,
    refund_ids=RefundIds.OWN,
    verify=verify,
    topic=topic,
    topic_example="order.updated",
    sign=lambda secret, external_id, _at, body, about: signed_headers(secret, external_id, body, about),
    is_ping=is_ping,
    check_secret=check_secret,
    makes_secret=True,
    trial_order=trial_order,
    trial_is_booked=False,
    page="docs/connect/woocommerce.md",
    events="Order created, Order updated, Order deleted; one webhook each, with the same secret",
    signing_hint="and sign them with this secret; copy it into the webhook's field Secret:",
)
