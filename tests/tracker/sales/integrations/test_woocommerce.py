"""WooCommerce's messages: signatures, and orders that contain their whole history in every update."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.tracker.sales.payloads_read import payload, raw
from tracker.errors import Invalid
from tracker.sales.integrations import woocommerce
from tracker.sales.reports.customer_hashes import address_hashes
from tracker.sales.reports.messages import Message, NotAuthentic
from tracker.sales.reports.normal import CancellationReport, Item, RefundReport, SaleReport
from tracker.sales.reports.provider_reports import AnyReport, NoEffect

RECEIVED_AT = datetime(2025, 11, 7, 12, tzinfo=UTC)
PAID_AT = datetime(2025, 11, 1, 10, tzinfo=UTC)
BODY = b'{"id":727,"status":"processing"}'
SECRET, OLD_SECRET = "woo-secret-of-2025", "woo-secret-of-2024"
# printf '{"id":727,"status":"processing"}' | openssl dgst -sha256 -hmac SECRET -binary | base64
SIGNATURE = "NDSL+IiswPndUFCeirDR5cijQddC97NXOpK+2ELDhZI="
OLD_SIGNATURE = "YIA6K2jsLTYxITCq0W2cNl+2G3kSiSQ4Je0pJHUh+KI="
HEADERS = {
    "X-WC-Webhook-Source": "https://shop.example/",
    "X-WC-Webhook-Topic": "order.updated",
    "X-WC-Webhook-Resource": "order",
    "X-WC-Webhook-Event": "updated",
    "X-WC-Webhook-Signature": SIGNATURE,
    "X-WC-Webhook-ID": "3",
    "X-WC-Webhook-Delivery-ID": "9f86d081884c7d659a2feaa0c55ad015",
}


def verify(changes: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> str:
    return woocommerce.verify({**HEADERS, **changes}, body, secrets, RECEIVED_AT)


def refusal(changes: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> str:
    with pytest.raises(NotAuthentic) as refused:
        verify(changes, body, secrets)
    return refused.value.cause


def read(value: dict[str, Any], topic: str | None = "order.updated") -> Message:
    return woocommerce.read(raw(value), topic)


def reports(value: dict[str, Any], topic: str | None = "order.updated") -> tuple[AnyReport, ...]:
    return woocommerce.translate(read(value, topic), RECEIVED_AT)


def only(topic: str | None = "order.updated", **changes: Any) -> Any:
    [report] = reports(payload("woocommerce_order_processing", **changes), topic)
    return report


def test_a_signature_computed_by_openssl_is_accepted() -> None:
    assert verify({}).startswith("9f86d081884c7d659a2feaa0c55ad015-")
    signed = woocommerce.signed_headers(SECRET, "x", BODY, "order.updated")
    assert signed["x-wc-webhook-signature"] == SIGNATURE


def test_both_live_secrets_are_accepted() -> None:
    former = {"X-WC-Webhook-Signature": OLD_SIGNATURE}

    assert verify(former, secrets=(SECRET, OLD_SECRET))
    assert refusal(former) == "signature"


@pytest.mark.parametrize(
    ("signature", "cause"), [("", "missing"), ("not base64!", "malformed"), ("AAAA", "signature")]
)
def test_an_invalid_signature_is_refused(signature: str, cause: str) -> None:
    assert refusal({"X-WC-Webhook-Signature": signature}) == cause
    assert refusal({}, BODY + b"\n") == "signature"


def test_two_orders_with_the_same_delivery_id_are_two_messages() -> None:
    other = b'{"id":728,"status":"processing"}'
    signed = woocommerce.signed_headers(SECRET, HEADERS["X-WC-Webhook-Delivery-ID"], other, "order.updated")

    assert woocommerce.verify(signed, other, [SECRET], RECEIVED_AT) != verify({})


def test_only_the_webhook_ping_is_recognised_as_ping() -> None:
    unsigned = {"Content-Type": "application/x-www-form-urlencoded"}

    assert woocommerce.is_ping(unsigned, b"webhook_id=1")
    assert not woocommerce.is_ping(unsigned, b"webhook_id=1&total=5")
    assert not woocommerce.is_ping(unsigned, BODY)
    assert not woocommerce.is_ping(HEADERS, b"webhook_id=1")


def test_an_order_in_processing_is_a_sale() -> None:
    meta = [*payload("woocommerce_order_processing")["meta_data"], {"id": 1, "key": "_ll", "value": "kept"}]

    assert only(meta_data=meta) == SaleReport(
        order_id="727",
        occurred_at=PAID_AT,
        currency="EUR",
        total=11305,
        tax=1805,
        shipping=500,
        discount=1000,
        click="kept",
        touches=("ENTRY",),
        coupons=("anna10",),
        customer=None,
        customer_email_hash=address_hashes("erika@customers.example").exact,
        customer_mailbox_hash=address_hashes("erika@customers.example").exact,
        checkout_started_at=PAID_AT - timedelta(minutes=2),
        items=(Item("TEA-1", 2, 5400), Item("product 22", 1, 3600)),
        references=("T-727",),
    )


@pytest.mark.parametrize("status", ["completed", "shipped-by-a-plugin"])
def test_every_later_state_of_a_paid_order_reports_the_same_sale(status: str) -> None:
    assert only("order.created", status=status) == only()


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "pending", "date_paid_gmt": None},
        {"status": "on-hold"},
        {"status": "cancelled", "date_paid_gmt": None},
        {"status": "failed", "date_paid_gmt": ""},
        {"total": "0.00", "total_tax": "0.00", "shipping_total": "0.00"},
    ],
)
def test_an_order_that_was_not_paid_is_without_effect(changes: dict[str, Any]) -> None:
    assert isinstance(only(**changes), NoEffect)


def test_refunds_inside_an_order_are_identified_by_their_ids() -> None:
    sale, *refunds = reports(payload("woocommerce_order_refunded_in_part"))

    assert sale == only()
    assert refunds == [
        RefundReport("727", "735", PAID_AT, "EUR", 900),
        RefundReport("727", "734", PAID_AT, "EUR", 4284),
    ]


@pytest.mark.parametrize("status", ["cancelled", "refunded", "failed", "trash"])
def test_a_paid_order_that_was_reversed_is_a_sale_and_a_cancellation(status: str) -> None:
    """Both, because the update that reported the sale may arrive later or never."""
    assert reports(payload("woocommerce_order_processing", status=status)) == (
        only(),
        CancellationReport("727", PAID_AT),
    )


def test_a_deleted_order_is_cancelled() -> None:
    [cancellation] = reports(payload("woocommerce_order_deleted"), "order.deleted")

    assert cancellation == CancellationReport("727", RECEIVED_AT)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": 0}, "order.id must be a whole number"),
        ({"id": 2**64}, "order.id must be a whole number"),
        ({"status": None}, "order.status is empty"),
        ({"total": "113.055"}, "EUR has 2 decimals"),
        ({"total": "NaN"}, "must be an amount as a decimal text"),
        ({"total": "1e400"}, "must be an amount as a decimal text"),
        ({"total": "-1.00"}, "must be at least 0"),
        ({"total": ["113.05"]}, "not a list"),
        ({"total": "10.00"}, "of which they are parts"),
        ({"currency": "eur"}, "not an ISO 4217"),
        ({"date_paid_gmt": "2026-11-01T10:00:00"}, "more than a day after"),
        ({"date_paid_gmt": "soon"}, "RFC 3339"),
        ({"refunds": [{"id": 1, "total": "5.00"}]}, "what goes back is written below 0"),
        ({"refunds": [{"id": None, "total": "-5.00"}]}, r"refunds\[0\].id must be"),
        ({"refunds": [{"id": 1, "total": "-5.001"}]}, r"refunds\[0\].total"),
    ],
)
def test_an_invalid_order_is_refused_naming_the_field(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        only(**changes)


def test_other_topics_have_no_effect_and_a_missing_topic_is_refused() -> None:
    assert isinstance(only("product.updated"), NoEffect)
    assert read({"id": 5}, "product.updated").order_id is None
    with pytest.raises(Invalid, match="X-WC-Webhook-Topic is missing"):
        only(None)


@pytest.mark.parametrize("secret", ["short", "with spaces in it, long", "long-enough-but-<odd>", "x" * 201])
def test_a_secret_that_wordpress_would_change_is_refused(secret: str) -> None:
    woocommerce.check_secret(SECRET)
    with pytest.raises(Invalid, match="16 to 200 visible characters"):
        woocommerce.check_secret(secret)
