"""Stripe's unit of each currency, which differs from the minor unit of ISO 4217 for some currencies.

Source: Stripe's page "Supported currencies" (docs.stripe.com/currencies), read 2026-11: zero-decimal
currencies, three-decimal currencies and special cases. The ISO exponents come from tracker.money.
"""

from tracker.errors import Invalid
from tracker.money import exponent

# Stripe's unit is one whole unit of the currency. For MGA, the minor unit of ISO 4217 is a hundredth.
ZERO_DECIMAL = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
THREE_DECIMAL = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))
# Stripe uses two decimals, although ISO 4217 no longer has any.
STRIPE_TWO_DECIMAL = frozenset(("ISK", "UGX"))


def stripe_units_per_whole(currency: str) -> int | None:
    """The number of Stripe's units in one whole unit of the currency; None when it is not known.

    Raises Invalid for an unknown currency.
    """
    if currency in ZERO_DECIMAL:
        return 1
    if currency in THREE_DECIMAL:
        return 1000
    return 100 if currency in STRIPE_TWO_DECIMAL or exponent(currency) == 2 else None


def charge_to_minor(stripe_amount: int, currency: str) -> int:
    """The amount of a charge at Stripe in our minor units: EUR 1190 -> 1190, ISK 500 -> 5.

    Raises Invalid when the result is not an integer, or when Stripe's unit of the currency is not known.
    """
    unit = stripe_units_per_whole(currency)
    if unit is None:
        raise Invalid(f"How Stripe counts {currency} is not known.")
    scaled: int = stripe_amount * 10 ** exponent(currency)
    if scaled % unit:
        raise Invalid(f"{stripe_amount} at Stripe is not a whole number of minor units of {currency}.")
    return scaled // unit
