"""Why a sale is suspicious: codes and their words. Pure.

The creator reads the words and may see the parameters: they must not contain an address, another creator or
an order of another creator.
"""

from enum import StrEnum

from tracker.reasons import ReasonTexts


class SuspicionReason(StrEnum):
    """What a signal found; lengths of time are in whole seconds."""

    OWN_ADDRESS = "own_address"
    OWN_MAILBOX = "own_mailbox"
    CODE_WITHOUT_CLICK = "code_without_click"
    CLICK_AFTER_CHECKOUT_BEGAN = "click_after_checkout_began"
    CLICK_AFTER_PAYMENT = "click_after_payment"
    MANY_SALES = "many_sales"
    POSSIBLE_DUPLICATE = "possible_duplicate"


def _length_text(seconds: int) -> str:
    """For people, rounded up: 40 seconds, 5 minutes, 12 hours."""
    if seconds < 120:
        return f"{seconds} second{'s' if seconds != 1 else ''}"
    minutes = -(-seconds // 60)
    return f"{minutes} minutes" if minutes < 120 else f"{-(-minutes // 60)} hours"


SUSPICION_TEXTS = ReasonTexts(
    SuspicionReason,
    {
        SuspicionReason.OWN_ADDRESS: "the shopper's e-mail address is the creator's own",
        SuspicionReason.OWN_MAILBOX: "the shopper's e-mail address leads to the creator's own mailbox",
        SuspicionReason.CODE_WITHOUT_CLICK: (
            "the code {code} was used, and no click on its creator's links came with the sale"
        ),
        SuspicionReason.CLICK_AFTER_CHECKOUT_BEGAN: lambda parameters: (
            f"the click came {_length_text(parameters['after_s'])} after the checkout had begun"
        ),
        SuspicionReason.CLICK_AFTER_PAYMENT: lambda parameters: (
            f"the click came {_length_text(parameters['after_s'])} after the order was paid"
        ),
        SuspicionReason.MANY_SALES: lambda parameters: (
            f"{parameters['count']} orders within {_length_text(parameters['within_s'])} came from one "
            f"visitor (the same {parameters['by']})"
        ),
        SuspicionReason.POSSIBLE_DUPLICATE: lambda parameters: (
            "another source reported an order of the same customer and amount within "
            f"{_length_text(parameters['within_s'])}: the two may be one"
        ),
    },
)
