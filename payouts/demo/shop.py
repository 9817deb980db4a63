"""The demo's shop: its products, its prices, and the signed messages that it sends. Pure.

It represents any shop: it knows only Linkledger's hook, the hook's secret and the name of the token's
parameter.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker.money import divide_half_up
from tracker.sales.integrations.standard import signed_headers
from tracker.times import format_utc

CURRENCY = "EUR"
TAX_BP = 700
"""German VAT on tea: 7 %."""
SHIPPING_MINOR = 490
FREE_SHIPPING_FROM_MINOR = 5000
COUPON_DISCOUNT_BP = 1000
MAX_QUANTITY = 20


@dataclass(frozen=True)
class Product:
    """`price_minor` is the price of one, tax included; `look` names the colours of its picture."""

    sku: str
    name: str
    what: str
    price_minor: int
    look: str


PRODUCTS = (
    Product("assam-breakfast", "Assam breakfast", "Malty and dark. 250 g of whole leaf.", 1290, "amber"),
    Product(
        "sencha-asatsuyu",
        "Sencha Asatsuyu",
        "First flush, sweet and green. 100\N{NO-BREAK SPACE}g.",
        1850,
        "green",
    ),
    Product(
        "earl-grey-blue",
        "Earl Grey blue flower",
        "With bergamot and cornflower. 250\N{NO-BREAK SPACE}g.",
        1390,
        "blue",
    ),
    Product(
        "rooibos-orange",
        "Rooibos orange",
        "No caffeine, for the evening. 200\N{NO-BREAK SPACE}g.",
        990,
        "rust",
    ),
    Product("tasting-box", "Tasting box", "Twelve teas in tins, with a tasting card.", 4900, "plum"),
    Product("office-box", "Office box", "Six kilos for a team that likes tea.", 32100, "slate"),
)
BY_SKU = {product.sku: product for product in PRODUCTS}


@dataclass(frozen=True)
class Cart:
    """A product, its quantity, and the code that the shopper entered."""

    product: Product
    quantity: int
    coupon: str | None = None

    @property
    def goods_minor(self) -> int:
        return self.product.price_minor * self.quantity

    @property
    def discount_minor(self) -> int:
        return divide_half_up(self.goods_minor * COUPON_DISCOUNT_BP, 10_000) if self.coupon else 0

    @property
    def shipping_minor(self) -> int:
        """Tax included."""
        paid = self.goods_minor - self.discount_minor
        return 0 if paid >= FREE_SHIPPING_FROM_MINOR else SHIPPING_MINOR

    @property
    def total_minor(self) -> int:
        return self.goods_minor - self.discount_minor + self.shipping_minor

    @property
    def net_minor(self) -> int:
        """The price of the goods after the discount, without tax."""
        return without_tax(self.goods_minor - self.discount_minor)


def without_tax(amount_minor: int) -> int:
    return divide_half_up(amount_minor * 10_000, 10_000 + TAX_BP)


def sale_data(order_id: str, cart: Cart, at: datetime, click: str | None) -> dict[str, Any]:
    """The `data` of a sale.created message (docs/sales.md)."""
    shipping = without_tax(cart.shipping_minor)
    return {
        "order_id": order_id,
        "occurred_at": format_utc(at),
        "currency": CURRENCY,
        "total": cart.total_minor,
        "tax": cart.total_minor - cart.net_minor - shipping,
        "shipping": shipping,
        "discount": cart.discount_minor,
        "cost": None,
        "click": click,
        "coupons": [cart.coupon] if cart.coupon else [],
        "items": [{"sku": cart.product.sku, "quantity": cart.quantity, "net": cart.net_minor}],
        "test": False,
    }


def refund_data(
    order_id: str, refund_id: str, amount_minor: int, at: datetime, reason: str
) -> dict[str, Any]:
    """The `data` of a refund.created message without tax and shipping: Linkledger works them out."""
    return {
        "order_id": order_id,
        "refund_id": refund_id,
        "occurred_at": format_utc(at),
        "currency": CURRENCY,
        "amount": amount_minor,
        "reason": reason,
    }


@dataclass(frozen=True)
class Message:
    """A signed message, ready to be posted."""

    external_id: str
    body: bytes
    headers: dict[str, str]


def signed_message(secret: str, external_id: str, kind: str, data: dict[str, Any], at: datetime) -> Message:
    """Signed as in Standard Webhooks: the signature covers the id, the time and the body."""
    body = json.dumps({"type": kind, "timestamp": format_utc(at), "data": data}).encode()
    return Message(external_id, body, signed_headers(secret, external_id, at, body))
