"""Why an amount changed, in the words of the pages: one sentence for each code."""

from payouts.commissions.reasons import CommissionReason
from tracker.language.texts import gettext as _
from tracker.language.texts import gettext_noop as N_

_WORDS = {
    CommissionReason.REFUNDED: N_("The shop refunded it."),
    CommissionReason.REFUND_WITH_SHOP_WORDS: N_("The shop refunded it."),
    CommissionReason.CUMULATIVE_REFUND: N_("The shop refunded it."),
    CommissionReason.ORDER_CANCELLED: N_("The order was cancelled."),
    CommissionReason.DISPUTE_LOST: N_("The bank took the payment back."),
    CommissionReason.NEW_EVIDENCE: N_("New evidence credits the sale differently."),
    CommissionReason.CREDIT_MOVED: N_("New evidence credits the sale differently."),
    CommissionReason.CANCELLED: N_("The brand declined it: the order was cancelled."),
    CommissionReason.RETURNED: N_("The brand declined it: the goods came back."),
    CommissionReason.PAYMENT_FAILED: N_("The brand declined it: the payment failed."),
    CommissionReason.BREACH: N_("The brand declined it: the program's terms were broken."),
    CommissionReason.DUPLICATE: N_("The brand declined it: the order was reported twice."),
    CommissionReason.SELF_PURCHASE: N_("The brand declined it as your own purchase."),
}


def change_words(code: str | None) -> str:
    """The sentence of a reason that lowered a commission; a general one for all others."""
    known = {reason.value: words for reason, words in _WORDS.items()}
    return _(known[code]) if code in known else _("The shop or the brand changed it.")
