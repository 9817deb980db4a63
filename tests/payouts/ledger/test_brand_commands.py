"""The command `brand edit`."""

import pytest

from config.settings import Settings
from payouts.ledger.brand_commands import COMMANDS
from tests.cast.api import Terminal
from tests.cast.books import Books

EDIT = ("brand", "edit")


@pytest.fixture
def terminal(settings: Settings) -> Terminal:
    return Terminal(settings, COMMANDS)


def test_a_new_calendar_is_shown_with_the_time_from_which_it_counts(terminal: Terminal, books: Books) -> None:
    former = terminal.ask("brand", "show", books.brand_id)
    made = terminal.ask(*EDIT, books.brand_id, "--cadence", "week", "--timezone", "Asia/Tokyo")
    assert (made["cadence"], made["timezone"]) == (former["cadence"], former["timezone"]) == ("month", "UTC")
    first, second = made["rules"]
    assert (first["version"], first["cadence"], first["effective_at"]) == (1, "month", former["created_at"])
    assert (second["version"], second["cadence"], second["timezone"]) == (2, "week", "Asia/Tokyo")
    assert second["effective_at"] > second["created_at"]
    assert second["effective_at"].endswith("-01T00:00:00Z")
    assert terminal.ask("brand", "show", books.brand_id) == made
    shown = terminal.run("brand", "show", books.brand_id).stdout
    assert f"from {second['effective_at']}: pays every week, in Asia/Tokyo" in shown


def test_the_review_and_the_minimum_change_at_once(terminal: Terminal, books: Books) -> None:
    made = terminal.ask(*EDIT, books.brand_id, "--review-days", "3", "--minimum-minor", "2500")
    assert (made["review_days"], made["minimum"]) == (3, {"minor": 25_00, "currency": "EUR"})
    assert "reviewed for 3 days" in terminal.run("brand", "show", books.brand_id).stdout


def test_each_currency_has_a_minimum_of_its_own(terminal: Terminal, books: Books) -> None:
    usd = ("--minimum-minor", "3000", "--currency", "usd")
    made = terminal.ask(*EDIT, books.brand_id, *usd)
    assert made["minimum"] == {"minor": 50_00, "currency": "EUR"}
    assert made["minimums"] == [made["minimum"], {"minor": 30_00, "currency": "USD"}]
    assert "already 30.00 USD" in terminal.refused(*EDIT, books.brand_id, *usd)
    assert terminal.ask("brand", "list") == [made]
    assert "at least 50.00 EUR, 30.00 USD" in terminal.run("brand", "show", books.brand_id).stdout


def test_bad_input_changes_nothing(terminal: Terminal, books: Books) -> None:
    former = terminal.ask("brand", "show", books.brand_id)
    for wrong, message in (
        ((), "Say what to change"),
        (("--currency", "USD"), "--minimum-minor"),
        (("--cadence", "month"), "Nothing changes"),
        (("--timezone", "Mars/Base"), "not an IANA time zone"),
        (("--review-days", "61"), "0 to 60"),
        (("--minimum-minor", "-1"), "must be 0 to"),
        (("--minimum-minor", "1", "--currency", "ABC"), "ISO 4217"),
        (("--review-days", "3", "--minimum-minor", "5000"), "Nothing changes"),
    ):
        assert message in terminal.refused(*EDIT, books.brand_id, *wrong)
    assert "There is no brand" in terminal.refused(*EDIT, f"brd_{'0' * 32}", "--cadence", "week")
    assert terminal.ask("brand", "show", books.brand_id) == former
