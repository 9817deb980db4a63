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
TWO_DECIMAL_HERE_ONLY = frozenset(("ISK", "UGX"))


def minor_of_charge(stripe_amount: int, currency: str) -> int:
    """What Stripe reports that a customer paid, in our minor units: EUR 1190 -> 1190, ISK 500 -> 5.

    Raises Invalid when our currency has no unit that small, or when it is not known how Stripe counts it.
    """
    scaled: int = stripe_amount * 10 ** exponent(currency)
    unit: int = 10 ** _decimals(currency)
    if scaled % unit:
        raise Invalid(f"{stripe_amount} at Stripe is not a whole number of minor units of {currency}.")
    return scaled // unit


def _decimals(currency: str) -> int:
    if currency in ZERO_DECIMAL:
        return 0
    if currency in THREE_DECIMAL:
        return 3
    if currency in TWO_DECIMAL_HERE_ONLY or exponent(currency) == 2:
        return 2
    raise Invalid(f"How Stripe counts {currency} is not known.")
