"""All scenarios by name."""

from collections.abc import Callable

from tests.cast.shop import Shop
from tests.scenarios.scenarios import (
    Scenario,
    cancelled_order,
    lemonsqueezy_six,
    lemonsqueezy_six_by_subscription,
    lemonsqueezy_ten,
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
    with_unreported_refund,
    woocommerce_by_stripe_six,
    woocommerce_by_stripe_ten,
)

ScenarioFactory = Callable[[Shop], Scenario]
SIX_MESSAGES_TWO_SOURCES: dict[str, ScenarioFactory] = {
    "standard, supported by stripe": standard_by_stripe_six,
    "stripe, supported by standard": stripe_by_standard_six,
    "woocommerce, supported by stripe": woocommerce_by_stripe_six,
}
TEN_MESSAGES_TWO_SOURCES: dict[str, ScenarioFactory] = {
    "standard, supported by stripe": standard_by_stripe_ten,
    "stripe, supported by woocommerce": stripe_by_woocommerce_ten,
    "woocommerce, supported by stripe": woocommerce_by_stripe_ten,
}
SIX_MESSAGES: dict[str, ScenarioFactory] = SIX_MESSAGES_TWO_SOURCES | {
    "standard": standard_six,
    "stripe": stripe_six,
    "subscription": subscription_six,
    "shopify": shopify_six,
    "woocommerce": woocommerce_six,
    "lemonsqueezy": lemonsqueezy_six,
    "lemonsqueezy, by subscription": lemonsqueezy_six_by_subscription,
}
TEN_MESSAGES: dict[str, ScenarioFactory] = TEN_MESSAGES_TWO_SOURCES | {
    "standard": standard_ten,
    "standard, cancelled": cancelled_order,
    "standard, supported by stripe, one refund not reported": with_unreported_refund,
    "stripe": stripe_ten,
    "stripe, classic": lambda shop: stripe_ten(shop, "classic"),
    "subscription": subscription_ten,
    "subscription, classic": lambda shop: subscription_ten(shop, "classic"),
    "shopify": shopify_ten,
    "woocommerce": woocommerce_ten,
    "lemonsqueezy": lemonsqueezy_ten,
    "lemonsqueezy, by subscription": lambda shop: lemonsqueezy_ten(shop, identifier=None),
}
