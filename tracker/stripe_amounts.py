"""How Stripe counts each currency, which is not ISO 4217's way for all of them.

From Stripe's page "Supported currencies" (docs.stripe.com/currencies): zero-decimal currencies, three-decimal
currencies and special cases; read 2026-11. ISO's exponents come from tracker.money.
"""

from tracker.errors import Invalid
from tracker.money import exponent

# One unit of Stripe's is one whole unit of the currency; of MGA, ISO counts hundredths.
ZERO_DECIMAL = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
THREE_DECIMAL = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))
# Written with two decimals although ISO knows none any more.
STRIPE_TWO_DECIMAL = frozenset(("ISK", "UGX"))


def stripe_units_per_whole(currency: str) -> int | None:
    """How many of Stripe's units make one whole unit of the currency; None when that is not known.

    Raises Invalid for no currency at all.
    """
    if currency in ZERO_DECIMAL:
        return 1
    if currency in THREE_DECIMAL:
        return 1000
    return 100 if currency in STRIPE_TWO_DECIMAL or exponent(currency) == 2 else None


def charge_to_minor(stripe_amount: int, currency: str) -> int:
    """What Stripe reports that a customer paid, in our minor units: EUR 1190 -> 1190, ISK 500 -> 5.

    Raises Invalid when our currency has no unit that small, or when it is not known how Stripe counts it.
    """
    unit = stripe_units_per_whole(currency)
    if unit is None:
        raise Invalid(f"How Stripe counts {currency} is not known.")
    scaled: int = stripe_amount * 10 ** exponent(currency)
    if scaled % unit:
        raise Invalid(f"{stripe_amount} at Stripe is not a whole number of minor units of {currency}.")
    return scaled // unit
