"""Sales reported late or with a wrong date: a date can neither skip the hold nor create old periods."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from config.database import read_session
from payouts.ledger.models import Period
from payouts.statements.close import close_ended_periods
from tests.cast.books import Books, add_link, at
from tests.cast.programs import add_program
from tracker.sales.inbox.apply_or_park import ReceiveResult


def report_order(books: Books, sold: str, now: str, link_id: str = "") -> ReceiveResult:
    data: dict[str, Any] = {"order_id": "S1", "occurred_at": at(sold).isoformat(), "currency": "EUR"}
    token = books.click(link_id or books.link_id, sold)
    amounts = {"total": 1000_00, "tax": 0, "shipping": 0, "discount": 0}
    return books.report("sale.created", data | amounts | {"click": token}, "sale-S1", at(now))


def test_a_sale_long_before_the_brand_is_parked_and_creates_no_period(books: Books) -> None:
    received = report_order(books, "2001-01-05T12:00:00", "10-02")
    assert received.state == "parked"
    assert "before the brand was set up here (2026-09-01T12:00:00Z)" in (received.reason or "")

    assert books.write(lambda s: close_ended_periods(s, at("10-02"), books.brand_id)) == []
    with read_session(books.databases.main) as session:
        assert session.scalar(select(func.count()).select_from(Period)) == 0


def test_a_sale_of_the_month_before_the_brand_is_booked(books: Books) -> None:
    assert report_order(books, "08-02", "09-02").state == "applied"
    assert books.commission("S1").release_at == at("09-09")


def test_a_sale_that_is_reported_late_is_held_for_a_week_after_that(books: Books) -> None:
    report_order(books, "09-05", "11-20")
    assert books.commission("S1").release_at == at("11-27")
    assert books.balance().payable_minor == 0
    books.run_jobs(at("11-27 12:01"))
    assert books.balance().payable_minor == 100_00


def test_a_sale_that_is_reported_a_little_late_is_released_after_its_usual_hold(books: Books) -> None:
    report_order(books, "09-05", "09-20")
    assert books.commission("S1").release_at == at("09-05") + timedelta(days=30)


def test_a_program_without_a_hold_has_none_for_late_sales_either(books: Books) -> None:
    link_id = add_link(books, "at-once", add_program(books, rate_bp=1000, hold_days=0))
    report_order(books, "09-05", "11-20", link_id)
    books.run_jobs(at("11-20 12:01"))
    assert books.balance().payable_minor == 100_00
