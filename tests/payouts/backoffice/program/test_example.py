"""What one order would pay agrees with what the books pay for it."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from config.database import read_session
from payouts.backoffice.program.example import example_order
from payouts.commissions.models import Commission
from tests.cast.books import Books, at
from tracker.money import Money
from tracker.people.accounts.brand_rules import BrandRules, RulesVersion
from tracker.people.accounts.rules_versions import load_rules
from tracker.programs.rules import Conditions

NOW = datetime(2026, 12, 4, 9, 30, tzinfo=UTC)
RULES = BrandRules([RulesVersion(1, NOW, NOW, "month", "Europe/Berlin", 7)])
EUR_50 = Money(5000, "EUR")


def test_an_order_of_100_euro_is_shown_from_its_total_to_its_pay_date() -> None:
    shown = example_order(Conditions(1000, "net", 30, 30, 12), RULES, EUR_50, NOW)
    assert (shown.total.minor, shown.tax.minor, shown.shipping.minor) == (10_000, 1_500, 500)
    assert (shown.base, shown.commission) == (Money(8_000, "EUR"), Money(800, "EUR"))
    assert shown.release_at == datetime(2027, 1, 3, 9, 30, tzinfo=UTC)
    assert (shown.period, shown.pay_date) == ("2027-01", "2027-02-09")
    assert shown.is_below_minimum


@pytest.mark.parametrize(("base", "earned"), [("gross", 1000), ("net", 800), ("profit", 800)])
def test_the_base_decides_what_counts(base: str, earned: int) -> None:
    shown = example_order(Conditions(1000, base, 30, 30, 12), RULES, EUR_50, NOW)
    assert shown.commission.minor == earned


@pytest.mark.parametrize(("currency", "total"), [("JPY", 16_000), ("KWD", 30_000), ("USD", 10_000)])
def test_the_order_is_about_as_large_in_every_currency(currency: str, total: int) -> None:
    shown = example_order(Conditions(1000, "net", 30, 0, 12), RULES, Money(1, currency), NOW)
    assert shown.total == Money(total, currency)
    assert shown.total - shown.tax - shown.shipping == shown.base


def test_the_example_agrees_with_the_books(books: Books) -> None:
    ordered_at = at("10-05")
    with read_session(books.databases.main) as session:
        rules = load_rules(session, books.brand_id)
    shown = example_order(Conditions(1000, "net", 30, 30, 12), rules, EUR_50, ordered_at)
    amounts = {"total": shown.total.minor, "tax": shown.tax.minor, "shipping": shown.shipping.minor}
    books.sale("1001", shown.total.minor, "10-05", **amounts)
    with read_session(books.databases.main) as session:
        booked = session.scalars(select(Commission)).one()
    assert (booked.amount_minor, booked.release_at) == (shown.commission.minor, shown.release_at)
    assert booked.expected_pay_on == shown.pay_date
