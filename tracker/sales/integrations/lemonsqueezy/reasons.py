"""Why a message of Lemon Squeezy's changes nothing, where only Lemon Squeezy has such messages."""

from enum import StrEnum

from tracker.reasons import ReasonTexts


class LemonReason(StrEnum):
    """Codes are stored with events, so a code and the names of its parameters never change."""

    ORDER_STATUS = "order_status"
    INVOICE_STATUS = "invoice_status"
    REPORTED_BY_ORDER = "reported_by_order"
    NO_REFUND = "no_refund"


TEXTS = ReasonTexts(
    LemonReason,
    {
        LemonReason.ORDER_STATUS: "the order is {status}",
        LemonReason.INVOICE_STATUS: "the invoice is {status}",
        LemonReason.REPORTED_BY_ORDER: "the first payment of a subscription is reported by its order",
        LemonReason.NO_REFUND: "nothing of it is refunded",
    },
)
