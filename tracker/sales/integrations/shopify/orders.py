"""Shopify: paid and cancelled orders, and refunds.

Sources, read 2026-11: Shopify's pages on webhooks and its REST reference of orders and refunds (2026-01).
All amounts are in the shop's own currency (`shop_money`), even if the shopper paid in another one.

The signature covers only the body. A forged topic header does little harm: the body of a paid order must
state that it is paid, that of a cancelled order when it was cancelled, and a refund has different fields.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from tracker.errors import Invalid
from tracker.language.texts import gettext as _
from tracker.sales.event_reasons import EventReason
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
from tracker.sales.integrations.shopify import refunds as shopify_refunds
from tracker.sales.integrations.shopify.money import shop_minor
from tracker.sales.integrations.shopify.reasons import ShopifyReason
from tracker.sales.integrations.trial_order import TrialMessage, TrialOrder, trial_message
from tracker.sales.reports import strict_json
from tracker.sales.reports.customer_hashes import address_hashes
from tracker.sales.reports.decimals import decimal_minor
from tracker.sales.reports.fields import Fields, describe, is_plain_text
from tracker.sales.reports.messages import Message, NotAuthentic
from tracker.sales.reports.normal import CancellationReport, Item, SaleReport, require_parts_within
from tracker.sales.reports.provider_reports import AnyReport, NoEffect

_PAID, _CANCELLED, _REFUND = "orders/paid", "orders/cancelled", "refunds/create"
_PAID_STATUSES = ("paid", "partially_refunded", "refunded")
_ADDRESSES = ("email", "contact_email")
_NEVER_PAID_STATUSES = ("pending", "authorized", "voided", "expired", "unpaid")


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> str:
    """A key made of topic and event id. Raises NotAuthentic. `now` is unused, because no time is signed.

    The topic is part of the key, because one event may be sent to several topics under the same id.
    """
    named = lower_case(headers)
    check_body_signature("X-Shopify-Hmac-Sha256", named.get("x-shopify-hmac-sha256", ""), body, secrets)
    event_id = named.get("x-shopify-event-id") or named.get("x-shopify-webhook-id") or body_key(body)
    key = visible_ascii(f"{named.get('x-shopify-topic', '')}:{event_id}")
    if key is None:
        raise NotAuthentic(
            "malformed", "X-Shopify-Topic and X-Shopify-Event-Id must be visible ASCII characters."
        )
    return key


def topic(headers: Mapping[str, str]) -> str | None:
    """The topic of the message, from its header; the body does not contain it."""
    return visible_ascii(lower_case(headers).get("x-shopify-topic", ""))


def signed_headers(secret: str, event_id: str, body: bytes, about: str) -> dict[str, str]:
    """The headers that Shopify sends with `body`."""
    return {
        "x-shopify-topic": about,
        "x-shopify-hmac-sha256": body_signature(secret, body),
        "x-shopify-event-id": event_id,
        "content-type": "application/json",
    }


def check_secret(secret: str) -> None:
    """Raises Invalid when it cannot be a secret. The message does not repeat the secret."""
    if visible_ascii(secret) is None or len(secret) < 16 or secret.startswith(("shpat_", "shpca_")):
        raise Invalid(
            _(
                "Shopify signs with the secret shown below the list in Settings, Notifications, Webhooks, or "
                "with the client secret of an app: 16 characters or more. "
                "Access tokens (shpat_) are not secrets."
            )
        )


def read(body: bytes, about: str | None) -> Message:
    """Raises Invalid when the body is not strict JSON or not an object."""
    data = strict_json.parse(body)
    if not isinstance(data, dict):
        raise Invalid(f"The body must be a JSON object; it is {describe(data)}.")
    if about == _REFUND:
        return Message(about, parse_numeric_id(data.get("order_id")), data)
    if about not in (_PAID, _CANCELLED):
        return Message(about, None, data)
    name = data.get("name")
    references = (name,) if isinstance(name, str) and is_plain_text(name) else ()
    return Message(about, parse_numeric_id(data.get("id")), data, references)


def translate(message: Message, received_at: datetime) -> tuple[AnyReport, ...]:
    """The reports in the message. Raises Invalid, naming the invalid field."""
    if message.type is None:
        raise Invalid("The header X-Shopify-Topic is missing, so what the message is about cannot be told.")
    if message.type == _PAID:
        return _paid(Fields(message.data, "order"), message.references, received_at)
    if message.type == _CANCELLED:
        return _cancelled(Fields(message.data, "order"), received_at)
    if message.type == _REFUND:
        return shopify_refunds.refund(Fields(message.data, "refund"), received_at)
    return (NoEffect.because(EventReason.TOPIC_IGNORED, topic=message.type),)


def trial_order(order: TrialOrder) -> TrialMessage:
    """An order as of the test gateway, which Shopify marks."""
    tokens = [{"name": "ll", "value": order.click}] if order.click else []
    value = {
        "id": order.number,
        "name": f"#test-{order.number}",
        "test": True,
        "financial_status": "paid",
        "currency": order.currency,
        "total_price": order.decimal(order.total),
        "total_tax": order.decimal(order.tax),
        "total_discounts": order.decimal(0),
        "shipping_lines": [{"price": order.decimal(order.shipping)}],
        "created_at": order.time,
        "processed_at": order.time,
        "note_attributes": tokens,
    }
    return trial_message(value, _PAID)


def _paid(order: Fields, references: tuple[str, ...], received_at: datetime) -> tuple[AnyReport, ...]:
    order_id = require_numeric_id(order, "id")
    status = order.text("financial_status")
    if status not in _PAID_STATUSES:
        return (NoEffect.because(ShopifyReason.FINANCIAL_STATUS_NOT_PAID),)
    currency = order.currency("currency")
    total = _not_negative(order, "total_price", currency)
    tax = _not_negative(order, "total_tax", currency) + _duties(order, currency)
    shipping = _shipping(order, currency)
    require_parts_within(tax, shipping, total, "total_price", path="order.")
    click, touches = split_tokens(_tokens(order))
    customer = child(order, "customer")
    address = address_hashes(*(order.values.get(n) for n in _ADDRESSES), customer.values.get("email"))
    return (
        SaleReport(
            order_id=order_id,
            occurred_at=order.time(
                "processed_at" if order.values.get("processed_at") else "created_at", received_at
            ),
            currency=currency,
            total=total,
            tax=tax,
            shipping=shipping,
            discount=_not_negative(order, "total_discounts", currency),
            click=click,
            touches=touches,
            coupons=codes(order, "discount_codes") or codes(order, "discount_applications"),
            customer=parse_numeric_id(customer.values.get("id")),
            customer_email_hash=address.exact,
            customer_mailbox_hash=address.mailbox,
            checkout_started_at=order.lenient_time("created_at", received_at),
            items=_items(order, currency),
            test=order.flag("test"),
            references=references,
        ),
    )


def _cancelled(order: Fields, received_at: datetime) -> tuple[AnyReport, ...]:
    order_id, at = require_numeric_id(order, "id"), order.time("cancelled_at", received_at)
    if order.values.get("financial_status") in _NEVER_PAID_STATUSES:
        return (NoEffect.because(ShopifyReason.NEVER_PAID),)
    return (CancellationReport(order_id, at),)


def _not_negative(order: Fields, name: str, currency: str) -> int:
    minor = shop_minor(order, name, currency)
    if minor is None:
        minor = decimal_minor(order, name, currency)
    if minor < 0:
        raise order.wrong(name, "must be at least 0")
    return minor


def _duties(order: Fields, currency: str) -> int:
    """Import duties. They are part of the total and, like tax, not revenue of the shop."""
    return max(shop_minor(order, "original_total_duties", currency) or 0, 0)


def _shipping(order: Fields, currency: str) -> int:
    """Shipping after discounts and without its tax, which is part of `total_tax`."""
    if not isinstance(order.values.get("shipping_lines"), list):
        return max(shop_minor(order, "total_shipping_price", currency) or 0, 0)
    lines = (line for line in children(order, "shipping_lines") if line.values.get("is_removed") is not True)
    return sum(_line_net(order, line, 1, currency) for line in lines)


def _line_net(order: Fields, line: Fields, quantity: int, currency: str) -> int:
    """price x quantity less discounts, and less tax if prices include tax; in minor units, at least 0."""
    price = _not_negative(line, "price", currency)
    off = sum(_not_negative(each, "amount", currency) for each in children(line, "discount_allocations"))
    tax = 0
    if order.flag("taxes_included"):
        tax = sum(_not_negative(each, "price", currency) for each in children(line, "tax_lines"))
    return max(price * quantity - off - tax, 0)


def _items(order: Fields, currency: str) -> tuple[Item, ...]:
    found = []
    for line in children(order, "line_items"):
        quantity = line.values.get("quantity")
        if type(quantity) is int and quantity > 0:
            net = _line_net(order, line, quantity, currency)
            found.append(Item(line_name(line), quantity, net))
    return tuple(found)


def _tokens(order: Fields) -> Iterator[str]:
    """Tokens in cart attributes first, then in properties of lines, then in the landing page's URL."""
    yield from tokens_in_pairs(order, "note_attributes", "name")
    for line in children(order, "line_items"):
        yield from tokens_in_pairs(line, "properties", "name")
    landing: Any = order.values.get("landing_site")
    yield from tokens_in_url(landing)
