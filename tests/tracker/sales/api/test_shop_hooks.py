"""Signed messages of every kind of shop over HTTP: received, booked, attributed."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from stripe import WebhookSignature

from config.database import Databases, read_session, transact
from tests.cast.people import PERSON
from tests.cast.shop import Shop
from tests.tracker.sales.api.hook_server import Server
from tests.tracker.sales.api.test_hooks import client, row_count  # noqa: F401
from tests.tracker.sales.payloads_read import event, lemon, payload, raw
from tracker.sales.attribution.models import Attribution
from tracker.sales.inbox.models import Event
from tracker.sales.orders.amounts import amounts_of
from tracker.sales.orders.models import Sale
from tracker.sales.queries import sale_history
from tracker.sales.sources.operations import create_source, rotate_secret

SECRETS = {
    "stripe": "whsec_ExampleOfThisYear000000000000",
    "shopify": "shpss_0123456789abcdef0123456789abcdef",
    "woocommerce": "woo-secret-of-2025",
    "lemonsqueezy": "lemon-secret-of-2025",
}
Signer = Callable[[bytes, str], dict[str, str]]


def hmac_base64(secret: str, body: bytes) -> str:
    """Written from the shops' documentation, independent of the product's code."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def by_stripe(body: bytes, secret: str) -> dict[str, str]:
    header = WebhookSignature.generate_signature_header(body.decode(), secret, int(time.time()))
    return {"Stripe-Signature": header, "Content-Type": "application/json; charset=utf-8"}


def by_shopify(body: bytes, secret: str) -> dict[str, str]:
    return {
        "X-Shopify-Topic": "orders/paid",
        "X-Shopify-Hmac-Sha256": hmac_base64(secret, body),
        "X-Shopify-Event-Id": "98880550-0000-4000-8000-000000000002",
        "X-Shopify-Shop-Domain": "teas.myshopify.example",
    }


def by_woocommerce(body: bytes, secret: str) -> dict[str, str]:
    return {
        "X-WC-Webhook-Topic": "order.updated",
        "X-WC-Webhook-Signature": hmac_base64(secret, body),
        "X-WC-Webhook-Delivery-ID": "9f86d081884c7d659a2feaa0c55ad015",
    }


def by_lemonsqueezy(body: bytes, secret: str) -> dict[str, str]:
    return {
        "X-Event-Name": "order_created",
        "X-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
        "Content-Type": "application/json",
    }


SIGNERS: dict[str, Signer] = {
    "stripe": by_stripe,
    "shopify": by_shopify,
    "woocommerce": by_woocommerce,
    "lemonsqueezy": by_lemonsqueezy,
}


def order_with(kind: str, token: str) -> dict[str, Any]:
    if kind == "stripe":
        return event("stripe_session_paid", client_reference_id=token)
    if kind == "shopify":
        return payload("shopify_orders_paid", note_attributes=[{"name": "ll", "value": token}])
    if kind == "lemonsqueezy":
        return lemon("order_created", custom={"ll": token})
    meta = [*payload("woocommerce_order_processing")["meta_data"], {"id": 9, "key": "_ll", "value": token}]
    return payload("woocommerce_order_processing", meta_data=meta)


def test_a_signed_order_of_each_kind_is_booked_and_credited(
    server: Server, shop: Shop, databases: Databases
) -> None:
    for kind, sign in SIGNERS.items():
        source_id = shop.connect(kind, SECRETS[kind])
        body = raw(order_with(kind, shop.token("bob")))

        status, response = server.post(f"/hooks/{source_id}", body, sign(body, SECRETS[kind]))
        assert (status, '"state":"applied"' in response.replace(" ", "")) == (200, True), response
        with read_session(databases.main) as session:
            [sale] = session.scalars(select(Sale).where(Sale.namespace == source_id))
            [attribution] = session.scalars(select(Attribution).where(Attribution.sale_id == sale.id))
        assert (sale.currency, amounts_of(sale).net, sale.test) == ("EUR", 9000, False)
        assert attribution.enrollment_id == shop.enrollments["bob"]

        altered = body.replace(b"EUR", b"USD").replace(b'"eur"', b'"usd"')
        assert server.post(f"/hooks/{source_id}", altered, sign(body, SECRETS[kind]))[0] == 401
        again = server.post(f"/hooks/{source_id}", body, sign(body, SECRETS[kind]), chunk_bytes=100)
        assert '"duplicate":true' in again[1].replace(" ", "")


def test_an_order_of_900_kilobytes_is_booked_with_every_line(
    server: Server, shop: Shop, databases: Databases
) -> None:
    source_id = shop.connect("shopify", SECRETS["shopify"])
    [line, *_] = payload("shopify_orders_paid")["line_items"]
    body = raw(payload("shopify_orders_paid", line_items=[line] * 640))
    assert len(body) > 900_000

    status, response = server.post(f"/hooks/{source_id}", body, by_shopify(body, SECRETS["shopify"]))
    assert status == 200, response
    with read_session(databases.main) as session:
        [sale] = session.scalars(select(Sale))
    assert len(sale.items) == 640


@pytest.mark.parametrize("kind", sorted(SIGNERS))
def test_both_secrets_are_accepted_after_a_rotation(client: FlaskClient, shop: Shop, kind: str) -> None:  # noqa: F811
    source_id, newer = shop.connect(kind, SECRETS[kind]), f"{SECRETS[kind][:20]}-of-2026"

    def rotate(session: Session) -> str:
        return rotate_secret(session, datetime.now(UTC), source_id, shop.keys, newer, actor=PERSON)

    transact(shop.databases.main, rotate)
    body = raw(order_with(kind, "no token of ours"))
    for secret, status in ((newer, 200), (SECRETS[kind], 200), (f"{newer}-or-not", 401)):
        response = client.post(f"/hooks/{source_id}", data=body, headers=SIGNERS[kind](body, secret))
        assert response.status_code == status


def test_the_woocommerce_ping_returns_200_and_is_not_stored(
    client: FlaskClient,  # noqa: F811
    shop: Shop,
    databases: Databases,
) -> None:
    source_id = shop.connect("woocommerce", SECRETS["woocommerce"])
    ping = client.post(f"/hooks/{source_id}", data={"webhook_id": "1"})
    unsigned = client.post(f"/hooks/{source_id}", data=raw(payload("woocommerce_order_processing")))

    assert (ping.status_code, ping.json and ping.json["state"]) == (200, "greeted")
    assert unsigned.status_code == 401
    assert client.post(f"/hooks/{shop.source_id}", data={"webhook_id": "1"}).status_code == 401
    assert row_count(databases) == 0


def test_stripe_messages_are_refused_until_the_secret_is_set(client: FlaskClient, shop: Shop) -> None:  # noqa: F811
    def connect(session: Session) -> str:
        now = datetime.now(UTC)
        made, _ = create_source(
            session, now, actor=PERSON, brand_id=shop.brand_id, kind="stripe", keys=shop.keys
        )
        return made.id

    source_id = transact(shop.databases.main, connect)
    body = raw(payload("stripe_session_paid"))
    response = client.post(f"/hooks/{source_id}", data=body, headers=by_stripe(body, SECRETS["stripe"]))

    assert response.status_code == 401


def test_the_topic_is_stored_with_the_event(
    client: FlaskClient,  # noqa: F811
    shop: Shop,
    databases: Databases,
) -> None:
    source_id = shop.connect("shopify", SECRETS["shopify"])
    body = raw(payload("shopify_refunds_create"))
    headers = by_shopify(body, SECRETS["shopify"]) | {"X-Shopify-Topic": "refunds/create"}
    client.post(f"/hooks/{source_id}", data=body, headers=headers)
    with read_session(databases.main) as session:
        waiting = session.scalars(select(Event)).one()
    assert (waiting.state, waiting.topic, waiting.order_id) == (
        "parked",
        "refunds/create",
        "820982911946154508",
    )

    sold = raw(payload("shopify_orders_paid"))
    client.post(f"/hooks/{source_id}", data=sold, headers=by_shopify(sold, SECRETS["shopify"]))
    with read_session(databases.main) as session:
        assert session.get_one(Event, waiting.id).state == "applied"


def test_one_shopify_event_delivered_in_two_versions_is_one_message(
    client: FlaskClient,  # noqa: F811
    shop: Shop,
) -> None:
    """Two webhooks for one topic get the same event. A conflict would make Shopify remove one of them."""
    source_id = shop.connect("shopify", SECRETS["shopify"])
    responses = []
    for changes in (
        {},
        {"updated_at": "2025-11-01T11:00:09+01:00", "a_field_of_2027": 1},
        {"total_price": "1"},
    ):
        sets = {"total_price_set": None} if "total_price" in changes else {}
        body = raw(payload("shopify_orders_paid", **changes, **sets))
        response = client.post(f"/hooks/{source_id}", data=body, headers=by_shopify(body, SECRETS["shopify"]))
        responses.append((response.status_code, response.json and response.json.get("duplicate")))

    assert responses == [(200, False), (200, True), (409, None)]


def test_woocommerce_updates_in_any_order_end_in_the_same_rows(shop: Shop, databases: Databases) -> None:
    now = datetime(2025, 11, 7, 12, tzinfo=UTC)
    names = ("order_processing", "order_refunded_in_part", "order_refunded", "order_refunded_in_part")
    for order in (names, names[::-1], names[1:], (names[2],)):
        source_id = shop.connect("woocommerce", SECRETS["woocommerce"])
        for name in order:
            body = raw(payload(f"woocommerce_{name}"))
            received = shop.send_raw(body, source_id=source_id, now=now, topic="order.updated")
            assert received.state == "applied"
        with read_session(databases.main) as session:
            states = session.scalars(select(Event.state).where(Event.source_id == source_id)).all()
            [sale] = session.scalars(select(Sale).where(Sale.namespace == source_id))
        assert (set(states), sale.total_minor) == ({"applied"}, 11305)
        assert refunds_and_cancellation(databases, sale.id) == [
            ("734", 4284),
            ("735", 900),
            ("736", 6121),
            "cancelled",
        ]


def refunds_and_cancellation(databases: Databases, sale_id: str) -> list[Any]:
    with read_session(databases.main) as session:
        history = sale_history(session, session.get_one(Sale, sale_id))
    refunds: list[Any] = sorted((refund.refund_id, refund.amount_minor) for refund in history.refunds)
    return [*refunds, "cancelled"] if history.cancelled_at else refunds
