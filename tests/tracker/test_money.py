from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import Invalid
from tracker.money import Money, divide_half_up, exponent, format_amount, format_rate, parse_rate_bp

AMOUNTS = st.integers(-(10**15), 10**15)


def test_amounts_of_different_currencies_cannot_be_added() -> None:
    with pytest.raises(Invalid, match="EUR and JPY"):
        Money(1, "EUR") + Money(1, "JPY")


def test_amounts_of_one_currency_can_be_added_and_subtracted() -> None:
    assert Money(150, "EUR") + Money(50, "EUR") - Money(30, "EUR") == Money(170, "EUR")


@pytest.mark.parametrize("amount", [1.0, "1", True, None])
def test_an_amount_must_be_an_integer(amount: object) -> None:
    with pytest.raises(Invalid):
        Money(amount, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("BHD", 3), ("IQD", 3), ("ISK", 0)])
def test_each_currency_has_its_exponent(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("currency", ["eur", "EURO", "", "XXX1", "XAU"])
def test_invalid_currencies_are_rejected(currency: str) -> None:
    with pytest.raises(Invalid, match="ISO 4217"):
        exponent(currency)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(1234, "EUR", "12.34"), (-5, "EUR", "-0.05"), (1234, "JPY", "1234"), (5, "BHD", "0.005")],
)
def test_amounts_are_written_exactly(minor: int, currency: str, text: str) -> None:
    assert format_amount(minor, currency) == text


@given(AMOUNTS, st.integers(1, 10**9))
def test_half_up_is_exact(numerator: int, denominator: int) -> None:
    # Cross multiplication compares exactly, without a loss of precision.
    found = divide_half_up(numerator, denominator)
    assert 2 * abs(found * denominator - numerator) <= denominator
    if 2 * (abs(numerator) % denominator) == denominator:
        assert abs(found) * denominator > abs(numerator)


@given(st.integers(-(10**6), 10**6))
def test_halves_round_away_from_zero(number: int) -> None:
    expected = (Decimal(number) / 2).quantize(Decimal(1), ROUND_HALF_UP)
    assert divide_half_up(number, 2) == int(expected)


@pytest.mark.parametrize(
    ("text", "rate_bp"), [("12.5", 1250), ("10 %", 1000), ("0", 0), ("100", 10_000), ("0.01", 1)]
)
def test_a_rate_is_parsed_as_a_percentage(text: str, rate_bp: int) -> None:
    assert parse_rate_bp(text) == rate_bp


@pytest.mark.parametrize(
    "text", ["100.01", "-1", "12.345", "abc", "", "NaN", "Infinity", "1e400", "1e999999"]
)
def test_invalid_rates_are_rejected(text: str) -> None:
    with pytest.raises(Invalid, match="is not a rate"):
        parse_rate_bp(text)


@given(st.integers(0, 10_000))
def test_a_rate_round_trips(rate_bp: int) -> None:
    assert parse_rate_bp(format_rate(rate_bp)) == rate_bp
