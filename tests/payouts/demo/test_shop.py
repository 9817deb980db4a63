from datetime import UTC, datetime

import pytest

from payouts.demo.shop import BY_SKU, PRODUCTS, Cart, Product, refund_data, sale_data, signed_message
from tracker.sales.integrations import standard
from tracker.sales.reports.messages import NotAuthentic
from tracker.sales.reports.parsing import parse_refund, parse_sale

AT = datetime(2026, 11, 12, 12, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_price_and_the_shipping_both_include_tax() -> None:
    data = sale_data("1", Cart(BY_SKU["assam-breakfast"], 1), AT, None)
    assert (data["total"], data["shipping"], data["tax"]) == (1290 + 490, 458, 116)
    assert data["total"] - data["tax"] - data["shipping"] == data["items"][0]["net"] == 1206


def test_a_code_reduces_the_price_of_the_goods_by_a_tenth() -> None:
    cart = Cart(BY_SKU["assam-breakfast"], 2, "MIRA10")
    assert (cart.discount_minor, cart.total_minor) == (258, 2580 - 258 + 490)


def test_shipping_is_free_from_fifty_euros_after_the_discount() -> None:
    assert Cart(BY_SKU["tasting-box"], 2).shipping_minor == 0
    assert Cart(BY_SKU["tasting-box"], 1).shipping_minor == 490
    assert Cart(BY_SKU["sencha-asatsuyu"], 3, "TOM10").shipping_minor == 490


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.sku)
@pytest.mark.parametrize("quantity", [1, 2, 3, 19])
@pytest.mark.parametrize("coupon", [None, "MIRA10"])
def test_every_order_is_a_sale_that_linkledger_accepts(
    product: Product, quantity: int, coupon: str | None
) -> None:
    cart = Cart(product, quantity, coupon)
    report = parse_sale(sale_data("1", cart, AT, None), AT)
    assert report.total - report.tax - report.shipping == cart.net_minor
    assert parse_refund(refund_data("1", "R1", cart.total_minor, AT, "returned"), AT).amount == report.total


def test_a_message_is_authentic_unless_its_body_was_changed() -> None:
    message = signed_message(SECRET, "msg-1", "sale.created", {"order_id": "1"}, AT)
    assert standard.verify(message.headers, message.body, [SECRET], AT) == "msg-1"
    with pytest.raises(NotAuthentic):
        standard.verify(message.headers, message.body + b" ", [SECRET], AT)
