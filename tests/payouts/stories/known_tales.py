"""Every tale by its name."""

from collections.abc import Callable

from tests.payouts.stories.tales import (
    Tale,
    called_off,
    shopify_six,
    shopify_ten,
    standard_six,
    standard_ten,
    stripe_six,
    stripe_ten,
    subscription_six,
    subscription_ten,
    woocommerce_six,
    woocommerce_ten,
)
from tests.tracker.sales.shop import Shop

Teller = Callable[[Shop], Tale]
SIX: dict[str, Teller] = {
    "standard": standard_six,
    "stripe": stripe_six,
    "subscription": subscription_six,
    "shopify": shopify_six,
    "woocommerce": woocommerce_six,
}
TEN: dict[str, Teller] = {
    "standard": standard_ten,
    "standard, called off": called_off,
    "stripe": stripe_ten,
    "stripe, classic": lambda shop: stripe_ten(shop, "classic"),
    "subscription": subscription_ten,
    "subscription, classic": lambda shop: subscription_ten(shop, "classic"),
    "shopify": shopify_ten,
    "woocommerce": woocommerce_ten,
}
