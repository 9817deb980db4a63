"""Complete messages of each kind of shop about a new order, signed with third-party code where possible."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.client import HTTPConnection

from standardwebhooks import Webhook
from stripe import WebhookSignature

from tests.tracker.sales.payloads_read import event, lemon, payload, raw

Fields = Mapping[str, str]
Headers = dict[str, str]
Signed = tuple[bytes, Headers]
"""A body and its signature headers."""

SECRETS = {
    "standard": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "stripe": "whsec_ExampleOfThisYear000000000000",
    "shopify": "shpss_0123456789abcdef0123456789abcdef",
    "woocommerce": "woo-secret-of-2026",
    "lemonsqueezy": "lemon-secret-of-2026",
}


def by_standard(number: int, fields: Fields) -> Signed:
    """`fields` are those of the shop's form."""
    now = datetime.now(UTC)
    data = {
        "order_id": order_id("standard", number),
        "occurred_at": now.isoformat(),
        "currency": "EUR",
        "total": 11900,
        "tax": 1900,
        "shipping": 500,
        "click": fields.get("ll") or None,
        "touches": [fields["_ll"]] if "_ll" in fields else [],
    }
    body = json.dumps({"type": "sale.created", "timestamp": now.isoformat(), "data": data})
    message_id = f"msg-{number}"
    signature = Webhook(SECRETS["standard"]).sign(message_id, now, body)
    return body.encode(), {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


def by_stripe(number: int, fields: Fields) -> Signed:
    """`fields` are the query with which the payment link was opened."""
    body = raw(
        event(
            "stripe_session_paid",
            key=f"evt_{number}",
            at=int(time.time()),
            id=order_id("stripe", number),
            payment_intent=f"pi_{number}",
            client_reference_id=fields.get("client_reference_id"),
            customer_details={"email": f"{number}@customers.example"},
        )
    )
    header = WebhookSignature.generate_signature_header(body.decode(), SECRETS["stripe"], int(time.time()))
    return body, {"Stripe-Signature": header}


def by_shopify(number: int, fields: Fields) -> Signed:
    """`fields` are the cart's attributes."""
    now = datetime.now(UTC).isoformat()
    changes = {
        "id": number,
        "name": f"#{number}",
        "landing_site": "/",
        "created_at": now,
        "processed_at": now,
        "email": f"{number}@customers.example",
        "contact_email": None,
        "customer": None,
        "note_attributes": [{"name": name, "value": value} for name, value in fields.items()],
    }
    body = raw(payload("shopify_orders_paid") | changes)
    return body, {
        "X-Shopify-Topic": "orders/paid",
        "X-Shopify-Hmac-Sha256": _hmac_base64("shopify", body),
        "X-Shopify-Event-Id": f"98880550-0000-4000-8000-{number:012}",
    }


def by_woocommerce(number: int, fields: Fields) -> Signed:
    """`fields` are those of the checkout form; the theme code in docs/connect stores two of them."""
    meta = [
        {"id": number, "key": "_ll", "value": fields[name]}
        for number, name in enumerate(("ll", "_ll"))
        if name in fields
    ]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    order = payload("woocommerce_order_processing", id=number, number=f"T-{number}", meta_data=meta)
    order |= {"date_created_gmt": now, "date_paid_gmt": now}
    order["billing"]["email"] = f"{number}@customers.example"
    body = raw(order)
    return body, {
        "X-WC-Webhook-Topic": "order.updated",
        "X-WC-Webhook-Signature": _hmac_base64("woocommerce", body),
        "X-WC-Webhook-Delivery-ID": f"delivery-{number}",
    }


def by_lemonsqueezy(number: int, fields: Fields) -> Signed:
    """`fields` are the query with which the checkout was opened."""
    custom = {name[len("checkout[custom][") : -1]: fields[name] for name in fields if "[custom]" in name}
    order = lemon(
        "order_created",
        key=number,
        custom=custom,
        identifier=f"104e18a2-0000-4000-8000-{number:012}",
        order_number=number,
        customer_id=number,
        user_email=f"{number}@customers.example",
        created_at=datetime.now(UTC).isoformat(),
    )
    order["data"]["id"] = str(number)
    body = raw(order)
    signature = hmac.new(SECRETS["lemonsqueezy"].encode(), body, hashlib.sha256).hexdigest()
    return body, {"X-Event-Name": "order_created", "X-Signature": signature}


SIGNED: dict[str, Callable[[int, Fields], Signed]] = {
    "standard": by_standard,
    "stripe": by_stripe,
    "shopify": by_shopify,
    "woocommerce": by_woocommerce,
    "lemonsqueezy": by_lemonsqueezy,
}


def order_id(kind: str, number: int) -> str:
    return {"standard": f"order-{number}", "stripe": f"cs_live_{number}"}.get(kind, str(number))


def deliver(port: int, source_id: str, signed: Signed) -> None:
    """Send a message as the shop's server does. Fails unless it was applied."""
    body, headers = signed
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", f"/hooks/{source_id}", body, {**headers, "Content-Type": "application/json"})
    response = connection.getresponse()
    content = json.loads(response.read())
    connection.close()
    assert (response.status, content.get("state")) == (200, "applied"), content


def _hmac_base64(kind: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(SECRETS[kind].encode(), body, hashlib.sha256).digest()).decode()
