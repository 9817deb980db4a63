"""Amounts and currencies. Amounts are integers in minor units, never floats."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, Overflow
from functools import cache

import iso4217

from tracker.errors import Invalid

RATE_UNIT_BP = 10_000
"""Basis points in 100 %: 1250 bp are 12.5 %."""

MAX_MINOR = 2**53 - 1
"""The largest amount accepted from outside: every JSON parser can represent it exactly."""


@dataclass(frozen=True, order=True)
class Money:
    """An amount in minor units of one currency. Adding different currencies raises Invalid."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise Invalid(f"An amount is a whole number of minor units, not {self.minor!r}.")
        exponent(self.currency)

    def __add__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def as_json(self) -> dict[str, int | str]:
        return {"minor": self.minor, "currency": self.currency}

    def __str__(self) -> str:
        return f"{format_amount(self.minor, self.currency)} {self.currency}"

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise Invalid(f"{self.currency} and {other.currency} cannot be added; exchange them first.")


@cache
def exponent(currency: str) -> int:
    """Digits after the decimal point (ISO 4217): EUR 2, JPY 0, BHD 3. Raises Invalid if it is not known."""
    try:
        digits = iso4217.Currency(currency).exponent
    except ValueError:
        digits = None
    if digits is None:
        raise Invalid(f"{currency!r} is not an ISO 4217 currency code in capital letters, such as EUR.")
    return int(digits)


def format_amount(minor: int, currency: str) -> str:
    """1234 EUR -> "12.34". Exact, for programs and tables; pages have their own format."""
    return f"{Decimal(minor).scaleb(-exponent(currency)):f}"


def divide_half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator to the nearest integer, halves away from zero (docs/money.md 3)."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


def parse_rate_bp(text: str) -> int:
    """A percentage in basis points: "12.5" or "12.5 %" -> 1250.

    Raises Invalid outside 0 to 100 and for more than two decimals.
    """
    try:
        rate = Decimal(text.strip().removesuffix("%").strip()) * 100
    except (InvalidOperation, Overflow):
        rate = Decimal("NaN")
    if not rate.is_finite() or rate != rate.to_integral_value() or not 0 <= rate <= RATE_UNIT_BP:
        raise Invalid(
            f"{text!r} is not a rate: give a percentage from 0 to 100 with up to two decimals, such as 12.5."
        )
    return int(rate)


def format_rate(rate_bp: int) -> str:
    """1250 -> "12.5"."""
    return f"{(Decimal(rate_bp) / 100).normalize():f}"
