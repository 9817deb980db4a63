"""The page of a program: terms are saved as typed, beside what an order would pay."""

from collections.abc import Iterator

import pytest

from config.database import read_session
from payouts.backoffice.fields import parse_amount, parse_days
from tests.cast.books import Books
from tests.payouts.backoffice.browsers import Browser, new_browser, sign_in
from tracker.errors import Invalid
from tracker.people.accounts.models import Brand
from tracker.people.accounts.rules_versions import minimum_of
from tracker.programs.operations import list_terms

TYPED = {"rate": "12,5", "base": "net", "window": "45", "hold": "14", "minimum": "75,50"}


@pytest.fixture
def browser(books: Books) -> Iterator[Browser]:
    with new_browser(books.settings) as opened:
        sign_in(opened, books.databases, "ada@shop.example", brand_id=books.brand_id, role="manager")
        yield opened


def path(books: Books) -> str:
    return f"/app/brands/{books.brand_id}/program"


def test_saved_terms_are_a_new_version(browser: Browser, books: Books) -> None:
    browser.open(path(books))
    assert browser.value("rate") == "10"
    page = browser.send(fields=TYPED)
    assert browser.status == 200
    assert "Saved." in page
    with read_session(books.databases.main) as session:
        terms = list_terms(session, books.program_id)[-1]
        brand = session.get_one(Brand, books.brand_id)
        minimum = minimum_of(session, brand, "EUR", terms.created_at)
    assert (terms.version, terms.rate_bp, terms.window_days, terms.hold_days) == (2, 1250, 45, 14)
    assert minimum == 7550


def test_a_cut_says_from_when_it_counts(browser: Browser, books: Books) -> None:
    browser.open(path(books))
    page = browser.send(fields=TYPED | {"rate": "5"})
    assert "Creators would earn less by this" in page


def test_saving_again_changes_nothing(browser: Browser, books: Books) -> None:
    for _ in range(2):
        browser.send(path(books), TYPED)
    with read_session(books.databases.main) as session:
        assert len(list_terms(session, books.program_id)) == 2


def test_the_example_follows_what_is_typed_and_saves_nothing(browser: Browser, books: Books) -> None:
    shown = browser.open(path(books) + "/example?rate=20&base=net&window=30&hold=30&minimum=50")
    assert "€16.00" in shown
    assert "<html" not in shown
    page = browser.send(path(books), TYPED | {"rate": "20", "example": "1"})
    assert "€16.00" in page
    assert browser.value("rate") == "20"
    with read_session(books.databases.main) as session:
        assert len(list_terms(session, books.program_id)) == 1


def test_a_wrong_field_keeps_what_was_typed(browser: Browser, books: Books) -> None:
    page = browser.send(path(books), TYPED | {"window": "a month", "rate": "110"})
    assert browser.status == 422
    assert (browser.value("window"), browser.value("rate")) == ("a month", "110")
    assert 'id="window-error"' in page
    assert "Correct the fields, and it is shown here." in page


@pytest.mark.parametrize("role", ["viewer", "finance"])
def test_other_roles_are_told_in_plain_words(books: Books, role: str) -> None:
    with new_browser(books.settings) as other:
        sign_in(other, books.databases, "vi@shop.example", brand_id=books.brand_id, role=role)
        assert "Your role at this brand is" in other.open(path(books))
        assert other.status == 403


@pytest.mark.parametrize(
    ("currency", "typed", "minor"),
    [
        ("EUR", "1,204.10", 120410),
        ("EUR", "1.204,10", 120410),
        ("EUR", "1.204", 120400),
        ("EUR", "50", 5000),
        ("EUR", "0,5", 50),
        ("JPY", "16,000", 16000),
        ("KWD", "1.204", 1204),
    ],
)
def test_amounts_are_read_as_people_write_them(currency: str, typed: str, minor: int) -> None:
    assert parse_amount(currency)(typed) == minor


@pytest.mark.parametrize(
    "typed", ["", "-1", "1.234.5", "nan", "inf", "5 euro", "9" * 30, "0.001", "1e999999", ".", "٣"]
)
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        parse_amount("EUR")(typed)


@pytest.mark.parametrize("typed", ["", "-1", "366", "1e1", "٣", "0" * 20 + "7", "9" * 5000])
def test_what_is_no_number_of_days_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        parse_days(0, 365)(typed)
