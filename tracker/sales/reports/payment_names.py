"""What Stripe calls sessions, payments and charges: no other order has such a name, as it may a number."""

import re

_OF_STRIPE = re.compile(r"(?:pi|ch|py|cs|in)_[A-Za-z0-9_]{4,150}")


def is_payment_name(name: str) -> bool:
    return _OF_STRIPE.fullmatch(name) is not None
