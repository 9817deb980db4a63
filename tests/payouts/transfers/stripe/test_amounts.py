"""The table from docs.stripe.com/currencies is repeated here, so that it checks the code's table."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payouts.transfers.stripe.amounts import (
    UnsendableAmount,
    floor_to_rail_step,
    from_rail_amount,
    rail_step_minor,
    to_rail_amount,
)
from tracker.money import exponent

RAIL_UNITS = {
    **dict.fromkeys("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split(), 1),  # noqa: SIM905
    **dict.fromkeys(["BHD", "JOD", "KWD", "OMR", "TND"], 1000),
    **dict.fromkeys(["EUR", "USD", "GBP", "CHF", "PLN", "ISK", "UGX", "HUF", "TWD"], 100),
}
currencies = st.sampled_from(sorted(RAIL_UNITS))


@pytest.mark.parametrize(
    ("currency", "amount_minor", "rail_amount"),
    [
        ("EUR", 1234, 1234),
        ("JPY", 500, 500),
        ("ISK", 5, 500),
        ("UGX", 12, 1200),
        ("MGA", 500, 5),
        ("BHD", 5120, 5120),
        ("HUF", 1000, 1000),
        ("TWD", 300, 300),
    ],
)
def test_an_amount_becomes_the_integer_that_the_rail_expects(
    currency: str, amount_minor: int, rail_amount: int
) -> None:
    assert to_rail_amount(amount_minor, currency) == rail_amount
    assert from_rail_amount(rail_amount, currency) == amount_minor


@pytest.mark.parametrize(
    ("currency", "step_minor"),
    [
        ("EUR", 1),
        ("JPY", 1),
        ("ISK", 1),
        ("UGX", 1),
        ("HUF", 100),
        ("TWD", 100),
        ("BHD", 10),
        ("TND", 10),
        ("MGA", 100),
    ],
)
def test_the_smallest_step_is_known_for_each_currency(currency: str, step_minor: int) -> None:
    assert rail_step_minor(currency) == step_minor


@pytest.mark.parametrize(
    ("amount_minor", "currency"), [(150, "MGA"), (5124, "BHD"), (1045, "HUF"), (1, "TWD")]
)
def test_an_amount_that_is_not_a_multiple_of_the_step_is_refused(amount_minor: int, currency: str) -> None:
    with pytest.raises(ValueError, match="Round down first"):
        to_rail_amount(amount_minor, currency)


@pytest.mark.parametrize("currency", ["IQD", "LYD", "CLF"])
def test_a_currency_whose_unit_at_the_rail_is_unknown_is_refused(currency: str) -> None:
    with pytest.raises(UnsendableAmount, match=currency):
        to_rail_amount(1000, currency)


def test_half_a_krona_at_the_rail_is_an_error_and_not_rounded() -> None:
    with pytest.raises(UnsendableAmount):
        from_rail_amount(550, "ISK")


def test_a_negative_amount_is_never_rounded_into_a_transfer() -> None:
    with pytest.raises(UnsendableAmount):
        floor_to_rail_step(-1, "EUR")


@given(amount_minor=st.integers(0, 10**12), currency=currencies)
def test_rounding_down_leaves_less_than_one_step(amount_minor: int, currency: str) -> None:
    sent_minor = floor_to_rail_step(amount_minor, currency)
    assert 0 <= amount_minor - sent_minor < rail_step_minor(currency)
    assert from_rail_amount(to_rail_amount(sent_minor, currency), currency) == sent_minor


@given(steps=st.integers(0, 10**9), currency=currencies)
def test_the_value_is_the_same_on_both_sides(steps: int, currency: str) -> None:
    amount_minor = steps * rail_step_minor(currency)
    value = Fraction(amount_minor, 10 ** exponent(currency))
    assert Fraction(to_rail_amount(amount_minor, currency), RAIL_UNITS[currency]) == value
