"""Why a sale is suspicious: codes and their words. Pure.

The creator reads the words and may see the parameters: they must not contain an address, another creator or
an order of another creator.
"""

from datetime import timedelta
from enum import StrEnum

from tracker.reasons import ReasonTexts


class SuspicionReason(StrEnum):
    """What a signal found; lengths of time are those of the words, in seconds (see `shown_length_s`)."""

    OWN_ADDRESS = "own_address"
    OWN_MAILBOX = "own_mailbox"
    CODE_WITHOUT_CLICK = "code_without_click"
    CLICK_AFTER_CHECKOUT_BEGAN = "click_after_checkout_began"
    CLICK_AFTER_PAYMENT = "click_after_payment"
    MANY_SALES = "many_sales"
    POSSIBLE_DUPLICATE = "possible_duplicate"


def shown_length_s(length: timedelta) -> int:
    """The length of time that the words name, in seconds, at least 1.

    The creator sees the parameters: more exact ones would tell when an order of another creator was paid.
    """
    return _rounded_s(max(int(length.total_seconds()), 1))


def _rounded_s(seconds: int) -> int:
    """Rounded up: from 120 seconds to minutes, from 120 minutes to hours."""
    if seconds < 120:
        return seconds
    minutes = -(-seconds // 60)
    return minutes * 60 if minutes < 120 else -(-minutes // 60) * 3600


def _length_text(seconds: int) -> str:
    """For people, rounded up: 40 seconds, 5 minutes, 12 hours."""
    rounded_s = _rounded_s(seconds)
    if rounded_s < 120:
        return f"{rounded_s} second{'s' if rounded_s != 1 else ''}"
    return f"{rounded_s // 60} minutes" if rounded_s < 7200 else f"{rounded_s // 3600} hours"


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
