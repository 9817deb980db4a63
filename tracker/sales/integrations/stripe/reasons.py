"""Why a message of Stripe's changes nothing, where only Stripe has such messages."""

from enum import StrEnum

from tracker.reasons import ReasonTexts


class StripeReason(StrEnum):
    """Codes are stored with events and never change."""

    NOT_PAID_YET = "not_paid_yet"
    PAID_ELSEWHERE = "paid_elsewhere"
    NOTHING_REFUNDED = "nothing_refunded"
    SESSION_SELLS_NOTHING = "session_sells_nothing"
    NO_SUBSCRIPTION_INVOICE = "no_subscription_invoice"
    NO_INVOICE_YET = "no_invoice_yet"


TEXTS = ReasonTexts(
    StripeReason,
    {
        StripeReason.NOT_PAID_YET: (
            "not paid yet; checkout.session.async_payment_succeeded will say when it is"
        ),
        StripeReason.PAID_ELSEWHERE: "the invoice was paid outside Stripe",
        StripeReason.NOTHING_REFUNDED: "nothing of the charge is refunded",
        StripeReason.SESSION_SELLS_NOTHING: (
            "a session that is neither a payment nor a subscription sells nothing"
        ),
        StripeReason.NO_SUBSCRIPTION_INVOICE: (
            "an invoice of no subscription; what Checkout sells comes with its session"
        ),
        StripeReason.NO_INVOICE_YET: "the subscription has no invoice yet; each paid invoice will be a sale",
    },
)
