"""Why a message of Shopify's changes nothing, where only Shopify has such messages."""

from enum import StrEnum

from tracker.reasons import ReasonTexts


class ShopifyReason(StrEnum):
    """Codes are stored with events and never change."""

    FINANCIAL_STATUS_NOT_PAID = "financial_status_not_paid"
    NEVER_PAID = "never_paid"
    NO_MONEY_RETURNED = "no_money_returned"


TEXTS = ReasonTexts(
    ShopifyReason,
    {
        ShopifyReason.FINANCIAL_STATUS_NOT_PAID: "the order's financial_status says that it is not paid",
        ShopifyReason.NEVER_PAID: "the order was never paid",
        ShopifyReason.NO_MONEY_RETURNED: "no money went back with it",
    },
)
