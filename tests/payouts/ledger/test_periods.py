"""The month in which an event counts, also when its own month is already closed (docs/money.md 6)."""

import pytest
from sqlalchemy import select

from config.database import Databases, read_session
from payouts.ledger.batches import post
from payouts.ledger.models import Period, Transaction
from payouts.ledger.operations import lock_books
from payouts.ledger.periods import get_period, mark_closed
from payouts.ledger.rules import Line
from payouts.statements.close import close_ended_periods, close_period
from tests.cast.books import Books, at
from tests.harness.processes.threads import THREADS, run_concurrently
from tests.payouts.commissions.test_order_of_events import deliver
from tracker.errors import NotFound, NotNow


def deposit(books: Books, key: str, effective: str, now: str = "") -> str:
    posted = books.write(
        lambda s: post(
            s,
            at(now or effective),
            brand_id=books.brand_id,
            kind="deposit",
            event_key=key,
            inputs={},
            lines=[Line("deposit", 1, "EUR")],
            subject_id=books.brand_id,
            effective_at=at(effective),
        )
    )
    with read_session(books.databases.main) as session:
        return session.scalars(select(Period.name).where(Period.id == posted.period_id)).one()


def states(databases: Databases) -> dict[str, str]:
    with read_session(databases.main) as session:
        rows = session.execute(select(Period.name, Period.state).order_by(Period.starts_at))
        return {row.name: row.state for row in rows}


def test_an_event_counts_for_the_month_in_which_it_took_effect(books: Books) -> None:
    assert deposit(books, "a", "2026-10-31T23:59:59.999999") == "2026-10"
    assert deposit(books, "b", "2026-11-01T00:00:00") == "2026-11"


def test_a_late_event_of_an_open_month_still_counts_for_it(books: Books) -> None:
    deposit(books, "a", "11-01 00:00")
    assert deposit(books, "b", "10-31 23:00", now="11-03") == "2026-10"


def test_a_late_event_of_a_closed_month_counts_for_the_oldest_open_one(books: Books) -> None:
    deposit(books, "a", "08-15")
    deposit(books, "b", "12-15")
    books.end("2026-10", "12-20")
    assert deposit(books, "c", "08-20", now="12-20") == "2026-11"
    assert deposit(books, "d", "10-31 23:59", now="12-20") == "2026-11"
    assert deposit(books, "e", "12-01", now="12-20") == "2026-12"
    books.end("2026-11", "12-21")
    assert deposit(books, "f", "08-21", now="12-21") == "2026-12"


def test_an_event_before_the_first_month_creates_an_older_one(books: Books) -> None:
    deposit(books, "a", "11-15")
    assert deposit(books, "b", "09-15", now="11-16") == "2026-09"
    books.end("2026-10", "11-20")
    assert states(books.databases) == {"2026-09": "closed", "2026-10": "closed", "2026-11": "open"}


def test_a_month_can_be_closed_while_a_sale_of_an_older_month_is_pending(books: Books) -> None:
    """The sale creates an older month while November is being closed. The older one is closed first."""
    deposit(books, "a", "11-15")
    sale = {"occurred_at": "10-20", "total": 100_00, "tax": 0, "shipping": 0, "discount": 0}
    deliver(books, "S1", ("sale.created", sale), "11-30")
    books.write(lambda s: close_period(s, at("12-01 00:05"), books.brand_id, "2026-11"))
    assert states(books.databases) == {"2026-10": "closed", "2026-11": "closed"}


def test_months_without_any_event_are_closed_in_their_order(books: Books) -> None:
    deposit(books, "a", "06-15")
    closed = books.write(lambda s: close_ended_periods(s, at("10-01 00:00"), books.brand_id))
    assert closed == ["2026-06", "2026-07", "2026-08", "2026-09"]
    assert books.write(lambda s: close_ended_periods(s, at("10-01 00:00"), books.brand_id)) == []


def test_a_brand_without_events_has_nothing_to_close(books: Books) -> None:
    assert books.write(lambda s: close_ended_periods(s, at("12-01"), books.brand_id)) == []
    with read_session(books.databases.main) as session, pytest.raises(NotFound):
        get_period(session, books.brand_id, "2026-10")


def test_a_month_cannot_be_closed_before_it_has_ended(books: Books) -> None:
    deposit(books, "a", "10-15")
    for now in ("10-20", "2026-10-31T23:59:59.999999"):
        with pytest.raises(NotNow, match="2026-10 ends at 2026-11-01 00:00 UTC"):
            books.write(lambda s, now=now: close_period(s, at(now), books.brand_id, "2026-10"))
    assert states(books.databases) == {"2026-10": "open"}
    books.end("2026-10", "11-01 00:00")


def test_a_month_cannot_be_closed_before_the_one_before_it(books: Books) -> None:
    deposit(books, "a", "09-15")
    deposit(books, "b", "10-15")

    def close_october(session: object) -> None:
        lock_books(session, books.brand_id)  # type: ignore[arg-type]
        mark_closed(session, at("11-02"), get_period(session, books.brand_id, "2026-10"))  # type: ignore[arg-type]

    with pytest.raises(NotNow, match="Close period 2026-09 first"):
        books.write(close_october)


def test_events_concurrent_with_the_close_of_their_month_count_in_it_or_after_it(books: Books) -> None:
    """A posting is in a closed month only if it was written before the close."""
    deposit(books, "first", "10-01")

    def close() -> str:
        books.write(lambda s: close_period(s, at("11-01 00:00"), books.brand_id, "2026-10"))
        return "closed"

    late = [lambda n=number: deposit(books, f"late-{n}", "10-31 23:59", "11-01") for number in range(THREADS)]
    names = run_concurrently(close, *late)
    assert set(names) <= {"closed", "2026-10", "2026-11"}
    with read_session(books.databases.main) as session:
        rows = session.execute(
            select(Transaction.seq, Period.name)
            .join(Period, Period.id == Transaction.period_id)
            .order_by(Transaction.seq)
        ).all()
    in_order = [name for _seq, name in rows]
    assert in_order == sorted(in_order)
    assert len(in_order) == THREADS + 1
