"""Every tale by its name."""

from collections.abc import Callable

from tests.scenarios.scenarios import (
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
from tests.scenarios.two_source_scenarios import (
    standard_by_stripe_six,
    standard_by_stripe_ten,
    stripe_by_standard_six,
    stripe_by_woocommerce_ten,
    with_a_refund_untold,
    woocommerce_by_stripe_six,
    woocommerce_by_stripe_ten,
)
from tests.tracker.sales.shop import Shop

Teller = Callable[[Shop], Tale]
SIX_OF_TWO: dict[str, Teller] = {
    "standard, supported by stripe": standard_by_stripe_six,
    "stripe, supported by standard": stripe_by_standard_six,
    "woocommerce, supported by stripe": woocommerce_by_stripe_six,
}
TEN_OF_TWO: dict[str, Teller] = {
    "standard, supported by stripe": standard_by_stripe_ten,
    "stripe, supported by woocommerce": stripe_by_woocommerce_ten,
    "woocommerce, supported by stripe": woocommerce_by_stripe_ten,
}
SIX: dict[str, Teller] = SIX_OF_TWO | {
    "standard": standard_six,
    "stripe": stripe_six,
    "subscription": subscription_six,
    "shopify": shopify_six,
    "woocommerce": woocommerce_six,
}
TEN: dict[str, Teller] = TEN_OF_TWO | {
    "standard": standard_ten,
    "standard, called off": called_off,
    "standard, supported by stripe, a refund untold": with_a_refund_untold,
    "stripe": stripe_ten,
    "stripe, classic": lambda shop: stripe_ten(shop, "classic"),
    "subscription": subscription_ten,
    "subscription, classic": lambda shop: subscription_ten(shop, "classic"),
    "shopify": shopify_ten,
    "woocommerce": woocommerce_ten,
}
