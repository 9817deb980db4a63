"""Amounts that shops write as decimals, such as "29.90", in exact minor units: no rounding, no float."""

import re
from decimal import Decimal
from typing import Any

from tracker.money import MAX_MINOR, exponent
from tracker.sales.reports.fields import Fields, describe

_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


def decimal_minor(fields: Fields, name: str, currency: str) -> int:
    """Minor units, negative ones too. Raises Invalid.

    Zeros behind the currency's own decimals are no digits: "1000.00" JPY are 1000 yen, "1000.50" JPY nothing.
    """
    found = optional_decimal_minor(fields, name, currency)
    if found is None:
        raise fields.wrong(name, f'is missing; give an amount as a decimal text, such as "29.90" {currency}')
    return found


def optional_decimal_minor(fields: Fields, name: str, currency: str) -> int | None:
    """None when the field is absent, null or empty. Raises Invalid like `decimal_minor`."""
    value = fields.values.get(name)
    if value is None or value == "":
        return None
    number = _to_decimal(value)
    if number is None:
        raise fields.wrong(
            name, f'must be an amount as a decimal text, such as "29.90", not {describe(value)}'
        )
    minor = _scale(number, exponent(currency))
    if minor is None:
        raise fields.wrong(
            name,
            f"is {str(value)[:40]}; {currency} has {exponent(currency)} decimals, and nothing is rounded",
        )
    if abs(minor) > MAX_MINOR:
        raise fields.wrong(name, f"is {str(value)[:40]}; the largest amount that is accepted is {MAX_MINOR}")
    return minor


def require_within_limit(fields: Fields, name: str, minor: int) -> int:
    """A sum of amounts, each of which was within the limit. Raises Invalid when together they are not."""
    if abs(minor) > MAX_MINOR:
        raise fields.wrong(name, f"come to {str(minor)[:40]}; the largest amount accepted is {MAX_MINOR}")
    return minor


def _to_decimal(value: Any) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value) if _DECIMAL.fullmatch(value) else None
    if type(value) is int or isinstance(value, Decimal):
        return Decimal(value)
    return None


def _scale(number: Decimal, digits: int) -> int | None:
    """number x 10^digits when that is a whole number; in integers, because Decimal's own context rounds."""
    sign, coefficient, places = number.as_tuple()
    assert isinstance(places, int), "the JSON reader lets no infinity pass"
    whole = int("".join(map(str, coefficient)))
    shift = places + digits
    minor: int = whole * 10 ** max(shift, 0)
    minor, rest = divmod(minor, 10 ** max(-shift, 0))
    if rest:
        return None
    return -minor if sign else minor
