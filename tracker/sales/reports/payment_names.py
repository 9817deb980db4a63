"""Ids of Stripe objects. Unlike a plain order number, such an id never belongs to another order."""

import re

_OF_STRIPE = re.compile(r"(?:pi|ch|py|cs|in)_[A-Za-z0-9_]{4,150}")


def is_payment_name(name: str) -> bool:
    """Whether it is the id of a payment intent, charge, Checkout session or invoice at Stripe."""
    return _OF_STRIPE.fullmatch(name) is not None
