"""Converts decimal amounts such as "29.90" to exact minor units: no rounding, no float."""

import re
from decimal import Decimal
from typing import Any

from tracker.money import MAX_MINOR, exponent
from tracker.sales.reports.fields import Fields, describe

_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


def decimal_minor(fields: Fields, name: str, currency: str) -> int:
    """The amount in minor units; it may be negative. Raises Invalid.

    Extra zeros are accepted, other extra decimals are not: "1000.00" JPY is 1000 yen, "1000.50" JPY is
    refused.
    """
    found = optional_decimal_minor(fields, name, currency)
    if found is None:
        raise fields.wrong(name, f'is missing; give an amount as a decimal text, such as "29.90" {currency}')
    return found


def optional_decimal_minor(fields: Fields, name: str, currency: str) -> int | None:
    """Like `decimal_minor`, but None when the field is absent, null or empty. Raises Invalid."""
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
    """Returns `minor`, a sum of amounts. Raises Invalid when the sum is above the largest accepted amount."""
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
    """`number` x 10^`digits`, or None if not an integer. Uses int, because Decimal's context rounds."""
    sign, coefficient, places = number.as_tuple()
    assert isinstance(places, int), "the JSON reader refuses infinities"
    whole = int("".join(map(str, coefficient)))
    shift = places + digits
    minor: int = whole * 10 ** max(shift, 0)
    minor, rest = divmod(minor, 10 ** max(-shift, 0))
    if rest:
        return None
    return -minor if sign else minor
