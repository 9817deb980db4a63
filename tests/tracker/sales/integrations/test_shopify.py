"""Shopify's messages: signatures, and orders and refunds in the shop's own currency."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.tracker.sales.payloads_read import payload, raw
from tracker.errors import Invalid
from tracker.sales.integrations.shopify import orders as shopify
from tracker.sales.reports.customer_hashes import address_hashes
from tracker.sales.reports.messages import Message, NotAuthentic
from tracker.sales.reports.normal import CancellationReport, Item, RefundReport, SaleReport
from tracker.sales.reports.provider_reports import NoEffect

RECEIVED_AT = datetime(2025, 11, 4, 12, tzinfo=UTC)
BODY = b'{"id":1,"name":"#1001"}'
SECRET, OLD_SECRET = "shop-secret-of-2025", "shop-secret-of-2024"
# printf '{"id":1,"name":"#1001"}' | openssl dgst -sha256 -hmac SECRET -binary | base64
SIGNATURE = "27CuhavVwcwzvzKFKag7oWjVWDy2VFtx234Hxq1Bvgs="
OLD_SIGNATURE = "yRmu6zxTfZQDZUY47iL03PZzCQQY6mH9Tjk6rVqePUc="
HEADERS = {
    "X-Shopify-Topic": "orders/paid",
    "X-Shopify-Hmac-Sha256": SIGNATURE,
    "X-Shopify-Shop-Domain": "teas.myshopify.example",
    "X-Shopify-API-Version": "2026-01",
    "X-Shopify-Webhook-Id": "b54557e4-0000-4000-8000-000000000001",
    "X-Shopify-Event-Id": "98880550-0000-4000-8000-000000000002",
    "X-Shopify-Triggered-At": "2025-11-01T10:00:01.000000000Z",
}


def verify(changes: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> str:
    return shopify.verify({**HEADERS, **changes}, body, secrets, RECEIVED_AT)


def refusal(changes: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> str:
    with pytest.raises(NotAuthentic) as refused:
        verify(changes, body, secrets)
    assert SECRET not in str(refused.value)
    return refused.value.cause


def read(topic: str | None, value: dict[str, Any]) -> Message:
    return shopify.read(raw(value), topic)


def only(topic: str | None, value: dict[str, Any]) -> Any:
    [report] = shopify.translate(read(topic, value), RECEIVED_AT)
    return report


def paid(**changes: Any) -> Any:
    return only("orders/paid", payload("shopify_orders_paid", **changes))


def refunded(**changes: Any) -> Any:
    return only("refunds/create", payload("shopify_refunds_create", **changes))


def money(shop: str, presentment: str, presentment_currency: str = "USD") -> dict[str, Any]:
    return {
        "shop_money": {"amount": shop, "currency_code": "EUR"},
        "presentment_money": {"amount": presentment, "currency_code": presentment_currency},
    }


def test_a_signature_computed_by_openssl_is_accepted() -> None:
    assert verify({}) == "orders/paid:98880550-0000-4000-8000-000000000002"
    assert shopify.signed_headers(SECRET, "x", BODY, "orders/paid")["x-shopify-hmac-sha256"] == SIGNATURE


def test_both_live_secrets_are_accepted() -> None:
    former = {"X-Shopify-Hmac-Sha256": OLD_SIGNATURE}

    assert verify(former, secrets=(SECRET, OLD_SECRET))
    assert refusal(former) == "signature"


@pytest.mark.parametrize(
    ("signature", "cause"),
    [("", "missing"), ("not base64!", "malformed"), ("\u00e4", "malformed"), ("AAAA", "signature")],
)
def test_an_invalid_signature_is_refused(signature: str, cause: str) -> None:
    assert refusal({"X-Shopify-Hmac-Sha256": signature}) == cause
    assert refusal({}, BODY + b" ") == "signature"
    assert refusal({}, secrets=()) == "signature"


def test_the_key_of_an_event_consists_of_topic_and_id() -> None:
    assert verify({"X-Shopify-Topic": "orders/updated"}) != verify({})
    assert verify({"X-Shopify-Event-Id": ""}).endswith("b54557e4-0000-4000-8000-000000000001")
    assert "body-" in verify({"X-Shopify-Event-Id": "", "X-Shopify-Webhook-Id": ""})
    assert refusal({"X-Shopify-Event-Id": "x" * 300}) == "malformed"


def test_a_paid_order_is_a_sale() -> None:
    """Prices include tax: 107.10 of goods include 17.10, and 5.95 of shipping includes 0.95."""
    attributes = [{"name": "gift wrap", "value": "no"}, {"name": "ll", "value": "cart-token"}]

    assert paid(note_attributes=attributes) == SaleReport(
        order_id="820982911946154508",
        occurred_at=datetime(2025, 11, 1, 9, 59, 58, tzinfo=UTC),
        currency="EUR",
        total=11305,
        tax=1805,
        shipping=500,
        discount=1190,
        click="cart-token",
        touches=("LANDING",),
        coupons=("ANNA10",),
        customer="115310627314723954",
        customer_email_hash=address_hashes("erika@customers.example").exact,
        customer_mailbox_hash=address_hashes("erika@customers.example").exact,
        checkout_started_at=datetime(2025, 11, 1, 10, tzinfo=UTC),
        items=(Item("TEA-1", 2, 5975), Item("product 7513594000974", 1, 3025)),
        references=("#1001",),
    )


def test_tax_added_to_prices_is_not_subtracted_again() -> None:
    lines = [
        {"price": "5.00", "tax_lines": [{"price": "0.95"}], "discount_allocations": [{"amount": "1.00"}]}
    ]

    assert paid(taxes_included=False, shipping_lines=lines).shipping == 400


def test_amounts_are_in_the_shops_currency_even_if_the_shopper_paid_in_another() -> None:
    sold = paid(total_price="130.00", total_price_set=money("113.05", "130.00"), presentment_currency="USD")

    assert (sold.currency, sold.total) == ("EUR", 11305)


def test_duties_count_as_tax() -> None:
    assert paid(original_total_duties_set=money("3.00", "3.00")).tax == 2105


def test_test_orders_become_test_sales() -> None:
    assert paid(test=True).test
    assert not paid().test


@pytest.mark.parametrize("status", ["pending", "authorized", "voided"])
def test_an_order_without_a_paid_status_is_not_a_sale(status: str) -> None:
    """Even with the topic orders/paid, because the signature does not cover the topic."""
    assert isinstance(paid(financial_status=status), NoEffect)


def test_a_cancelled_order_is_a_cancellation_unless_it_was_never_paid() -> None:
    cancelled = payload("shopify_orders_cancelled")

    assert only("orders/cancelled", cancelled) == CancellationReport(
        "820982911946154508", datetime(2025, 11, 3, 8, tzinfo=UTC)
    )
    assert isinstance(only("orders/cancelled", cancelled | {"financial_status": "voided"}), NoEffect)


def test_a_refund_states_tax_and_shipping_if_the_parts_add_up() -> None:
    assert refunded() == RefundReport(
        order_id="820982911946154508",
        refund_id="890088186047892319",
        occurred_at=datetime(2025, 11, 2, 11, tzinfo=UTC),
        currency="EUR",
        amount=4195,
        tax=670,
        shipping=500,
    )


def test_refund_parts_with_added_tax_add_up_to_the_amount() -> None:
    transactions = payload("shopify_refunds_create")["transactions"]
    transactions[0]["amount"] = "48.65"
    report = refunded(transactions=transactions)

    assert (report.amount, report.tax, report.shipping) == (4865, 670, 595)


def test_a_manual_refund_amount_has_unknown_parts() -> None:
    transactions = payload("shopify_refunds_create")["transactions"]
    transactions[0]["amount"] = "10.00"
    report = refunded(transactions=transactions)

    assert (report.amount, report.tax, report.shipping) == (1000, None, None)


@pytest.mark.parametrize("transactions", [[], [{"kind": "refund", "status": "failure", "amount": "1.00"}]])
def test_a_restock_without_payment_is_not_a_refund(transactions: list[dict[str, str]]) -> None:
    assert isinstance(refunded(transactions=transactions), NoEffect)


def test_a_refund_in_the_shoppers_currency_is_booked_in_the_shops_currency() -> None:
    line = {"subtotal_set": money("36.00", "41.40"), "total_tax_set": money("5.75", "6.61")}
    transaction = {"kind": "refund", "status": "success", "amount": "41.40", "currency": "USD"}
    parts = {"refund_line_items": [line], "order_adjustments": [], "refund_shipping_lines": []}
    report = refunded(**parts, transactions=[transaction])

    assert (report.currency, report.amount, report.tax) == ("EUR", 3600, 575)
    with pytest.raises(Invalid, match="does not say how much that is in EUR"):
        refunded(**parts, transactions=[transaction | {"amount": "20.00"}])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "12a"}, "order.id must be a whole number"),
        ({"total_price_set": None, "total_price": "29.905"}, "EUR has 2 decimals, and nothing is rounded"),
        ({"total_price_set": None, "total_price": "1e400"}, "must be an amount as a decimal text"),
        ({"total_price_set": None, "total_price": None}, "order.total_price is missing"),
        ({"total_price_set": None, "total_price": "-5.00"}, "must be at least 0"),
        ({"total_price_set": None, "total_price": "9" * 25}, "largest amount"),
        ({"total_price_set": None, "total_price": "10.00"}, "of which they are parts"),
        ({"total_price_set": money("1.00", "1.00") | {"shop_money": {"amount": "1", "currency_code": "USD"}}},
         "is not EUR"),
        ({"currency": "EURO"}, "not an ISO 4217"),
        ({"financial_status": None}, "order.financial_status is empty"),
        ({"processed_at": "2027-01-01T00:00:00Z"}, "more than a day after"),
        ({"processed_at": "yesterday"}, "RFC 3339"),
        ({"test": "no"}, "must be true or false"),
    ],
)  # fmt: skip
def test_an_invalid_order_is_refused_naming_the_field(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        paid(**changes)


@pytest.mark.parametrize(
    ("total", "currency", "minor"),
    [("1000", "JPY", 1000), ("1000.00", "JPY", 1000), ("1.190", "BHD", 1190), ("1.1900", "BHD", 1190)],
)
def test_amounts_use_the_decimals_of_their_currency(total: str, currency: str, minor: int) -> None:
    bare = {"total_tax": "0", "total_discounts": "0.000", "shipping_lines": [], "line_items": []}
    sets = dict.fromkeys(("total_price_set", "total_tax_set", "total_discounts_set"))

    assert paid(total_price=total, currency=currency, **bare, **sets).total == minor


def test_other_topics_have_no_effect_and_a_missing_topic_is_refused() -> None:
    assert isinstance(only("products/update", {"id": 1}), NoEffect)
    assert read("products/update", {"id": 1}).order_id is None
    with pytest.raises(Invalid, match="X-Shopify-Topic is missing"):
        only(None, {"id": 1})
