"""The product's table of minimum payouts."""

import iso4217
import pytest

from payouts.transfers.stripe.amounts import UnsendableAmount, rail_step_minor
from tracker.errors import Invalid
from tracker.people.accounts.minimums import MINIMUM_UNITS, default_minimum_minor

NOT_MONEY = {"BOV", "CHE", "CHW", "COU", "MXV", "USN", "XAD"}
"""Units of account of ISO 4217, in which nobody is paid."""


def sendable_currencies() -> list[str]:
    """Every currency of ISO 4217 whose unit the rail knows."""
    found = []
    for code in sorted(each.code for each in iso4217.Currency):
        try:
            rail_step_minor(code)
        except (Invalid, UnsendableAmount):
            continue
        found.append(code)
    return found


def test_every_currency_that_the_rail_can_send_has_a_minimum() -> None:
    assert set(sendable_currencies()) - MINIMUM_UNITS.keys() == NOT_MONEY


def test_no_minimum_is_less_than_the_rail_can_send() -> None:
    for code in sendable_currencies():
        assert default_minimum_minor(code) >= rail_step_minor(code)


@pytest.mark.parametrize(
    ("currency", "minor"),
    [("EUR", 50_00), ("USD", 50_00), ("JPY", 8_000), ("HUF", 20_000_00), ("BHD", 20_000), ("LYD", 50_000)],
)
def test_a_minimum_is_about_fifty_euros(currency: str, minor: int) -> None:
    assert default_minimum_minor(currency) == minor


def test_what_is_no_currency_has_no_minimum() -> None:
    with pytest.raises(Invalid):
        default_minimum_minor("ABC")
