"""A creator's home: every figure agrees with the books, and every stop says what comes next."""

from collections.abc import Iterator

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.portal.home import creator_home
from payouts.portal.next_payday import Certainty, NextPayday, next_payday
from tests.cast.books import Books, at
from tests.cast.months import OCTOBER, seal, sell_and_release
from tests.payouts.backoffice.browsers import Browser, new_browser, sign_in
from tracker.money import Money
from tracker.people.accounts.models import Creator


@pytest.fixture
def browser(books: Books) -> Iterator[Browser]:
    with new_browser(books.settings) as opened:
        user_id = sign_in(opened, books.databases, "anna@people.example")

        def link(session: Session) -> None:
            session.execute(update(Creator).where(Creator.id == books.creator_id).values(user_id=user_id))

        books.write(link)
        yield opened


def payday(books: Books, when: str) -> NextPayday:
    with read_session(books.databases.main) as session:
        [balance] = creator_home(session, at(when), books.creator_id)
        return next_payday(session, at(when), books.creator_id, balance)


def test_without_a_sale_the_page_says_what_comes_next(browser: Browser) -> None:
    page = browser.open("/app/me/")
    assert browser.status == 200
    assert "Nothing is earned yet" in page


def test_held_money_is_shown_with_the_month_of_its_release(browser: Browser, books: Books) -> None:
    books.sale("1001", 1000_00, "10-05")
    page = browser.open("/app/me/")
    assert "€100.00" in page
    assert "Released in November 2026" in page
    assert "…1001" in page


def test_the_latest_sales_stand_by_their_days_whenever_they_were_booked(
    browser: Browser, books: Books
) -> None:
    books.sale("2006", 100_00, "10-06")
    late = books.sale_data("2004", 100_00, "10-04", click=books.click(books.link_id, "10-04"))
    books.report("sale.created", late, "sale-2004", at("10-07"))
    page = browser.open("/app/me/").partition("Latest sales")[2]
    assert page.index("…2006") < page.index("…2004")


def test_the_open_period_counts_what_is_released_until_it_ends(books: Books) -> None:
    books.sale("1001", 1000_00, "10-05")
    early = payday(books, "10-20")
    assert (early.certainty, early.amount.minor) == (Certainty.SO_FAR, 0)
    later = payday(books, "11-02")
    assert (later.amount, later.is_paid) == (Money(100_00, "EUR"), True)


def test_a_draft_and_its_seal_fix_the_amount(books: Books) -> None:
    sell_and_release(books, "1001", 100_00)
    books.close(OCTOBER.name, OCTOBER.closing)
    draft = payday(books, "11-02")
    assert (draft.certainty, draft.amount, draft.period) == (
        Certainty.REVIEW,
        Money(100_00, "EUR"),
        OCTOBER.name,
    )
    assert draft.review_ends_at is not None
    seal(books, OCTOBER)
    sealed = payday(books, "11-08 12:00")
    assert (sealed.certainty, sealed.amount) == (Certainty.SEALED, Money(100_00, "EUR"))


def test_what_came_is_listed_after_the_payout(browser: Browser, books: Books) -> None:
    sell_and_release(books, "1001", 100_00)
    seal(books, OCTOBER)
    assert books.run(OCTOBER.payday).pay(books.brand_id).paid
    page = browser.open("/app/me/")
    assert "What came" in page
    assert "tr_" in page
    assert "Nothing is open: all that was earned here was paid." in page


def test_what_was_taken_back_is_named_with_its_reason(browser: Browser, books: Books) -> None:
    books.sale("1001", 1000_00, "10-05")
    books.refund("1001", 500_00, "10-06")
    page = browser.open("/app/me/")
    assert "€50.00 was taken back" in page
    assert "The shop refunded it." in page


def test_nobody_else_sees_it(books: Books) -> None:
    with new_browser(books.settings) as other:
        sign_in(other, books.databases, "eve@people.example")
        other.open("/app/me/")
        assert other.status == 404
