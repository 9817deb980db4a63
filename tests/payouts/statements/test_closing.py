"""Closing periods: in order, after their end, once, with everything that belongs to them."""

from typing import Any

import pytest
from sqlalchemy import select

from config.database import Databases, read_session
from config.settings import Settings
from payouts.ledger.models import Period
from payouts.statements.close import close_ended_periods, close_period, statements_of
from payouts.statements.models import Statement
from payouts.statements.review import get_statement
from payouts.transfers.sandbox.server import SandboxServer
from tests.cast.books import Books, add_brand, at, open_books
from tests.cast.months import DECEMBER, NOVEMBER, OCTOBER, add_booking
from tests.payouts.test_worked_example import equation, split
from tracker.errors import Invalid, LinkledgerError, NotFound, NotNow


def statements(books: Books) -> list[tuple[str, str, str]]:
    with read_session(books.databases.main) as session:
        query = select(Period.name, Statement.currency, Statement.state).join(
            Statement, Statement.period_id == Period.id
        )
        rows = session.execute(query.order_by(Period.starts_at, Statement.currency))
        return [(name, currency, state) for name, currency, state in rows]


def test_closing_a_later_period_closes_the_earlier_ones_first(books: Books) -> None:
    books.sale("1001", 100_00, "10-05")
    books.end("2026-12", DECEMBER.closing)
    assert statements(books) == [(f"2026-{n}", "EUR", "draft") for n in (10, 11, 12)]
    assert equation(books.statement("2026-11")) == [10_00, 0, 0, 0, 0, 10_00]


def test_a_period_is_not_closed_before_it_has_ended(books: Books) -> None:
    books.sale("1001", 100_00, "10-05")
    with pytest.raises(NotNow, match=r"Period 2026-10 ends at 2026-11-01 00:00 UTC"):
        books.write(lambda s: close_period(s, at("2026-10-31T23:59:59"), books.brand_id, "2026-10"))
    books.write(lambda s: close_period(s, at("2026-11-01T00:00:00"), books.brand_id, "2026-10"))
    assert statements(books) == [("2026-10", "EUR", "draft")]


def test_closing_again_changes_nothing(books: Books) -> None:
    books.sale("1001", 100_00, "10-05")
    first = books.close("2026-10", OCTOBER.closing)
    assert books.close("2026-10", "11-03") == first
    assert len(statements(books)) == 1


def test_the_job_closes_every_period_that_has_ended_and_no_other(books: Books) -> None:
    assert books.write(lambda s: close_ended_periods(s, at("10-01"), books.brand_id)) == []
    books.sale("1001", 100_00, "10-05")
    assert books.write(lambda s: close_ended_periods(s, at("12-15"), books.brand_id)) == [
        "2026-10",
        "2026-11",
    ]
    assert books.write(lambda s: close_ended_periods(s, at("12-15"), books.brand_id)) == []


WRONG_NAMES = ["2026-13", "2026-10-a", "2026-W40", "october", "", "26-10", "9999-12", "0001-01", "W", "-"]


def test_invalid_period_name_cannot_be_closed(books: Books) -> None:
    for name in WRONG_NAMES:
        with pytest.raises(LinkledgerError):
            books.write(lambda s, name=name: close_period(s, at("12-15"), books.brand_id, name))


def test_a_period_long_before_the_brand_was_created_cannot_be_closed(books: Books) -> None:
    """Also when the brand has later periods, and another brand has a period of that name."""
    books.sale("1001", 100_00, "10-05")
    older = add_brand(books, creator="Mia")
    add_booking(older, 1_00, "2016-11-05T12:00:00")
    with pytest.raises(Invalid, match="2016-11"):
        books.write(lambda s: close_period(s, at("12-15"), books.brand_id, "2016-11"))
    assert statements(books) == []


def test_events_after_the_close_count_for_the_next_period(books: Books) -> None:
    books.sale("1001", 100_00, "10-05")
    books.end("2026-10", OCTOBER.closing)
    books.sale("1002", 300_00, "10-31", reported="late")
    books.refund("1001", 50_00, "10-30")
    assert equation(books.statement("2026-10")) == [0, 10_00, 0, 0, 0, 10_00]
    assert equation(books.close("2026-11", NOVEMBER.closing)) == [10_00, 30_00, 5_00, 0, 0, 35_00]


def test_close_books_pending_reports_first(books: Books) -> None:
    """The close itself accrues, enters refunds, and releases what was due before the cut-off."""
    books.sale("1001", 100_00, "10-01 06:00")
    books.write(lambda s: close_period(s, at(OCTOBER.closing), books.brand_id, "2026-10"))
    assert split(books.statement("2026-10")) == {"below_minimum": 10_00}


def test_what_is_released_at_the_cut_off_belongs_to_the_next_period(books: Books) -> None:
    books.sale("1001", 1000_00, "2026-10-02T00:00:00")
    books.sale("1002", 1000_00, "2026-10-01T23:59:59")
    books.run_jobs(at(OCTOBER.closing))
    assert split(books.close("2026-10", OCTOBER.closing)) == {"held": 100_00, "payable": 100_00}


def test_a_month_in_which_nothing_happened_has_a_statement_of_zeros(books: Books) -> None:
    document = books.close("2026-10", OCTOBER.closing)
    assert (equation(document), document["creators"]) == ([0] * 6, [])
    books.approve("2026-10", OCTOBER.approval)
    assert books.faults() == []


def test_open_period_has_no_statement(books: Books) -> None:
    books.sale("1001", 100_00, "10-05")
    with read_session(books.databases.main) as session:
        with pytest.raises(NotFound, match="not closed yet"):
            get_statement(session, books.brand_id, "2026-10", "EUR")
        with pytest.raises(NotFound, match="nothing was recorded"):
            get_statement(session, books.brand_id, "2027-10", "EUR")


def test_each_currency_has_a_statement_of_its_own_that_balances(books: Books) -> None:
    books.sale("1001", 100_00, "10-05")
    books.sale("1002", 5_000, "10-06", currency="JPY")
    books.sale("1003", 10_000, "10-07", currency="BHD")
    books.end("2026-10", OCTOBER.closing)
    assert statements(books) == [("2026-10", each, "draft") for each in ("BHD", "EUR", "JPY")]
    earned = {each: equation(books.statement("2026-10", each))[1] for each in ("BHD", "EUR", "JPY")}
    assert earned == {"BHD": 1_000, "EUR": 10_00, "JPY": 500}
    for each in ("JPY", "EUR", "BHD"):
        books.approve("2026-10", OCTOBER.approval, each)
    assert books.faults() == []


def test_a_brand_in_yen_has_amounts_without_decimals(
    settings: Settings, databases: Databases, sandbox_server: SandboxServer
) -> None:
    books = open_books(settings, databases, sandbox_server, currency="JPY")
    books.sale("1001", 1_234, "10-05")
    document = books.close("2026-10", OCTOBER.closing)
    assert document["equation"]["earned"] == {"minor": 123, "currency": "JPY"}


@pytest.mark.parametrize(
    ("cadence", "names"),
    [("half_month", ["2026-10-a", "2026-10-b", "2026-11-a"]), ("week", ["2026-W40", "2026-W41", "2026-W42"])],
)
def test_other_cadences_close_their_own_periods(
    settings: Settings,
    databases: Databases,
    sandbox_server: SandboxServer,
    cadence: str,
    names: list[str],
) -> None:
    books = open_books(settings, databases, sandbox_server, cadence=cadence)
    add_booking(books, 100_00, "10-01")
    closed = books.write(lambda s: close_ended_periods(s, at("12-15"), books.brand_id))
    assert closed[:3] == names
    assert equation(books.statement(names[0])) == [0, 0, 0, 100_00, 0, 100_00]


def test_the_months_of_a_brand_end_at_midnight_of_its_own_zone(
    settings: Settings, databases: Databases, sandbox_server: SandboxServer
) -> None:
    books = open_books(settings, databases, sandbox_server, timezone="Pacific/Auckland")
    books.sale("1001", 100_00, "2026-10-31T10:59:59")  # 23:59:59 in Auckland
    books.sale("1002", 700_00, "2026-10-31T11:00:00")
    document = books.close("2026-10", "2026-10-31T11:00:00")
    assert document["equation"]["earned"]["minor"] == 10_00
    assert document["period"]["ends_at"] == "2026-10-31T11:00:00Z"
    assert document["review_ends_at"] == "2026-11-07T11:00:00Z"


def test_every_close_drafts_the_statements_of_its_period(books: Books) -> None:
    books.sale("1001", 100_00, "10-05")

    def work(session: Any) -> list[str]:
        drafts = close_period(session, at(DECEMBER.closing), books.brand_id, "2026-12")
        again = statements_of(session, books.brand_id, drafts[0].period_id)
        assert again == drafts
        return [each.state for each in drafts]

    assert books.write(work) == ["draft"]
