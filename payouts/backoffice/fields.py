"""Reads the fields of a form by the rules of their packages, with errors in the reader's language."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from tracker.errors import Invalid
from tracker.money import MAX_MINOR, exponent
from tracker.ui.forms import Form

Value = TypeVar("Value")
MAX_DIGITS = 20
_DAYS = re.compile(rf"[0-9]{{1,{MAX_DIGITS}}}")
_DECIMAL = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")


def read(form: Form, name: str, parse: Callable[[str], Value], message: str) -> Value | None:
    """The value of the field by its rule; None after an error, which is noted at the field."""
    try:
        return parse(form[name])
    except Invalid:
        form.fail(name, message)
        return None


def parse_days(lowest: int, highest: int) -> Callable[[str], int]:
    """A rule for a number of days."""

    def parse(text: str) -> int:
        if not _DAYS.fullmatch(text) or not lowest <= int(text) <= highest:
            raise Invalid("not a number of days")
        return int(text)

    return parse


def parse_amount(currency: str) -> Callable[[str], int]:
    """A rule for an amount as people type it, "1,204.10" or "1204,1": minor units, at least 0."""

    def parse(text: str) -> int:
        digits = exponent(currency)
        value = _decimal(_with_point(text, digits)).scaleb(digits)
        if value != value.to_integral_value() or not 0 <= value <= MAX_MINOR:
            raise Invalid("not an amount")
        return int(value)

    return parse


def _with_point(text: str, digits: int) -> str:
    """The last comma or point is the decimal one, unless more digits follow it than the currency has."""
    plain = text.replace("\N{NO-BREAK SPACE}", "").replace(" ", "").replace("'", "")
    last = max(plain.rfind(","), plain.rfind("."))
    if last < 0:
        return plain
    mark, whole, rest = plain[last], plain[:last], plain[last + 1 :]
    if len(rest) == 3 > digits and whole.strip("0"):
        return (whole + rest).replace(",", "").replace(".", "")
    if mark in whole:
        raise Invalid("not a number")
    return f"{whole.replace(',', '').replace('.', '')}.{rest}"


def _decimal(text: str) -> Decimal:
    """No exponent: 1e999999 is a number, too, but no sum can be computed with it."""
    if len(text) > MAX_DIGITS or not _DECIMAL.fullmatch(text):
        raise Invalid("not a number")
    return Decimal(text)
