"""Conversion between our minor units (ISO 4217) and the rail's integer amounts, which sometimes differ.

Stripe's units of each currency are in tracker.stripe_amounts. The steps in which it sends are here, from the
same page of its documentation ("Supported currencies", read 2026-11). ISO's exponents are in tracker.money.
"""

from tracker.errors import Invalid
from tracker.money import exponent
from tracker.stripe_amounts import THREE_DECIMAL, stripe_units_per_whole

# Stripe writes these with two decimals but accepts only whole units. ISK and UGX have no decimals in ISO any
# more; HUF and TWD have, but a transfer of a fraction could never be paid out to a bank.
_WHOLE_UNITS_ONLY = frozenset(("HUF", "ISK", "TWD", "UGX"))


class UnsendableAmount(Invalid, ValueError):
    """The amount or the currency cannot be sent as it is."""


def rail_step_minor(currency: str) -> int:
    """The smallest step of amounts that can be sent, in our minor units: EUR 1, ISK 1, HUF 100, BHD 10.

    Raises UnsendableAmount when the rail's unit of the currency is not known, Invalid when it is no currency.
    """
    return max(1, _iso_unit(currency) * _rail_step(currency) // _rail_unit(currency))


def floor_to_rail_step(amount_minor: int, currency: str) -> int:
    """The largest amount not above `amount_minor` that can be sent; the rest stays with the payer."""
    if amount_minor < 0:
        raise UnsendableAmount(f"A transfer cannot be negative: {amount_minor} {currency}.")
    step_minor = rail_step_minor(currency)
    return amount_minor // step_minor * step_minor


def to_rail_amount(amount_minor: int, currency: str) -> int:
    """Our minor units as the integer that the rail expects: ISK 5 -> 500, MGA 500 -> 5.

    Raises UnsendableAmount when the amount is not a multiple of the step: floor it first.
    """
    step_minor = rail_step_minor(currency)
    if amount_minor % step_minor:
        raise UnsendableAmount(
            f"{amount_minor} minor units of {currency} cannot be sent: "
            f"only multiples of {step_minor} can. Round down first."
        )
    return amount_minor * _rail_unit(currency) // _iso_unit(currency)


def from_rail_amount(rail_amount: int, currency: str) -> int:
    """The rail's integer in our minor units: ISK 500 -> 5. It need not be a multiple of the step.

    Raises UnsendableAmount when our currency has no unit that small, for example half a króna.
    """
    scaled = rail_amount * _iso_unit(currency)
    unit = _rail_unit(currency)
    if scaled % unit:
        raise UnsendableAmount(
            f"{rail_amount} at the rail is not a whole number of minor units of {currency}."
        )
    return scaled // unit


def floor_from_rail(rail_amount: int, currency: str) -> int:
    """A balance at the rail in our minor units, rounded down."""
    return rail_amount * _iso_unit(currency) // _rail_unit(currency)


def _iso_unit(currency: str) -> int:
    """How many of our minor units make one whole unit of the currency."""
    return int(10 ** exponent(currency))


def _rail_unit(currency: str) -> int:
    """How many of the rail's units make one whole unit of the currency."""
    unit = stripe_units_per_whole(currency)
    if unit is None:
        raise UnsendableAmount(f"How the rail counts {currency} is not known, so nothing can be sent in it.")
    return unit


def _rail_step(currency: str) -> int:
    """Smallest step in the rail's own units."""
    if currency in THREE_DECIMAL:
        return 10  # the last of the three decimals has to be 0
    return 100 if currency in _WHOLE_UNITS_ONLY else 1
