"""The words of the reasons that single kinds of shops declare, from their stored parameters."""

from enum import StrEnum
from typing import Any

import pytest

from tests.tracker.sales.reason_words import assert_words
from tracker.sales.event_reasons import EventReason
from tracker.sales.integrations.kinds import names_where
from tracker.sales.integrations.lemonsqueezy.reasons import LemonReason
from tracker.sales.integrations.shopify.reasons import ShopifyReason
from tracker.sales.integrations.stripe.reasons import StripeReason
from tracker.sales.integrations.woocommerce import WooReason

CODES: dict[str, type[StrEnum]] = {
    "lemonsqueezy": LemonReason,
    "shopify": ShopifyReason,
    "stripe": StripeReason,
    "woocommerce": WooReason,
}
EXAMPLES: list[tuple[StrEnum, dict[str, Any], str]] = [
    (LemonReason.ORDER_STATUS, {"status": "fraudulent"}, "the order is fraudulent"),
    (LemonReason.INVOICE_STATUS, {"status": "void"}, "the invoice is void"),
    (LemonReason.REPORTED_BY_ORDER, {}, "the first payment of a subscription is reported by its order"),
    (LemonReason.NO_REFUND, {}, "nothing of it is refunded"),
    (
        ShopifyReason.FINANCIAL_STATUS_NOT_PAID,
        {},
        "the order's financial_status says that it is not paid",
    ),
    (ShopifyReason.NEVER_PAID, {}, "the order was never paid"),
    (ShopifyReason.NO_MONEY_RETURNED, {}, "no money went back with it"),
    (
        StripeReason.NOT_PAID_YET,
        {},
        "not paid yet; checkout.session.async_payment_succeeded will say when it is",
    ),
    (StripeReason.PAID_ELSEWHERE, {}, "the invoice was paid outside Stripe"),
    (StripeReason.NOTHING_REFUNDED, {}, "nothing of the charge is refunded"),
    (
        StripeReason.SESSION_SELLS_NOTHING,
        {},
        "a session that is neither a payment nor a subscription sells nothing",
    ),
    (
        StripeReason.NO_SUBSCRIPTION_INVOICE,
        {},
        "an invoice of no subscription; what Checkout sells comes with its session",
    ),
    (
        StripeReason.NO_INVOICE_YET,
        {},
        "the subscription has no invoice yet; each paid invoice will be a sale",
    ),
    (WooReason.NOT_PAID, {}, "it was not paid"),
    (WooReason.STATUS_NOT_PAID, {"status": "pending"}, "the order is pending, and was not paid"),
]


@pytest.mark.parametrize(("code", "parameters", "words"), EXAMPLES)
def test_words_are_rendered_from_stored_parameters(
    code: StrEnum, parameters: dict[str, Any], words: str
) -> None:
    assert_words(code, parameters, words)


def test_every_code_has_an_example() -> None:
    assert set(CODES) == set(names_where(lambda kind: kind.reasons is not None))
    assert {code for code, _parameters, _words in EXAMPLES} == {c for each in CODES.values() for c in each}


def test_no_kind_declares_a_common_code() -> None:
    assert {code for each in CODES.values() for code in each}.isdisjoint(EventReason)
