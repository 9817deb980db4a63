"""The expected pay date stays as it was said at the accrual; a move is kept with both days and its reason."""

from sqlalchemy import select

from config.database import read_session
from payouts.commissions.models import PayDateMove
from payouts.statements.decisions.commissions import extend, hold, release
from payouts.statements.decisions.undo import undo
from tests.cast.books import Books, at
from tests.cast.people import PERSON
from tests.payouts.commissions.order_state import report_again
from tests.payouts.commissions.suspects import OWN_PURCHASE, SOLD

FIRST = "2026-11-09"
"""Sold on 1 October, released on the 31st, so paid when October's review has ended."""


def moves(books: Books, order: str = "S1") -> list[tuple[str, str, str]]:
    with read_session(books.databases.main) as session:
        own = select(PayDateMove).where(PayDateMove.commission_id == books.commission(order).id)
        found = session.scalars(own.order_by(PayDateMove.number)).all()
    assert [each.number for each in found] == list(range(1, len(found) + 1))
    return [(each.from_on, each.to_on, each.reason) for each in found]


def test_the_day_is_written_at_the_accrual_and_a_release_in_time_does_not_move_it(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    assert books.commission("S1").expected_pay_on == FIRST
    books.run_jobs(at("11-01"))
    assert moves(books) == []


def test_a_hold_that_lasts_longer_moves_it_and_lifting_in_time_moves_it_back(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.decide(hold, "S1", "10-05", reason="under_review")
    held = (FIRST, "2027-01-09", "held at most until 2026-12-30T12:00:00Z")
    assert moves(books) == [held]
    books.decide(release, "S1", "10-20")
    assert moves(books) == [held, ("2027-01-09", FIRST, "what held it was lifted")]
    assert books.commission("S1").expected_pay_on == FIRST
    assert books.faults() == []


def test_a_hold_lifted_after_the_release_date_moves_it_to_the_next_pay_day(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.decide(hold, "S1", "10-05", reason="under_review")
    books.decide(release, "S1", "11-20")
    assert moves(books)[-1] == ("2027-01-09", "2026-12-09", "what held it was lifted")


def test_an_extension_moves_it_and_its_undo_moves_it_back(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.decide(hold, "S1", "10-05", reason="under_review")
    note = {"until": at("2027-01-20T00:00").date(), "note": "the shop investigates"}
    extended = books.decide(extend, "S1", "10-06", **note)
    assert moves(books)[-1][:2] == ("2027-01-09", "2027-02-09")
    books.write(lambda s: undo(s, at("10-07"), extended, actor=PERSON))
    assert moves(books)[-1] == ("2027-02-09", "2027-01-09", "what held it was lifted")


def test_a_suspicious_sale_has_both_days_from_the_first_minute(books: Books) -> None:
    books.sale("S1", 100_00, SOLD, **OWN_PURCHASE)
    assert books.commission("S1").expected_pay_on == FIRST
    assert [each[:2] for each in moves(books)] == [(FIRST, "2027-01-09")]


def test_a_dispute_moves_nothing_while_nobody_knows_its_end(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.dispute("S1", "opened", 30_00, "10-20")
    assert moves(books) == []
    books.dispute("S1", "won", 30_00, "11-20")
    assert moves(books) == [(FIRST, "2026-12-09", "what held it was lifted")]


def test_a_dispute_that_never_held_it_moves_nothing_when_it_is_won(books: Books) -> None:
    """The job enters the dispute after the release date, and releases the commission on its day."""
    books.sale("S1", 100_00, "10-01")
    books.dispute("S1", "won", 30_00, "11-02")
    assert moves(books) == []


def test_a_hold_that_ends_before_the_release_date_moves_nothing(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    until = at("10-15").date()
    books.decide(hold, "S1", "10-05", reason="under_review", until=until)
    books.run_jobs(at("10-20"))
    assert moves(books) == []


def test_a_commission_of_an_older_version_has_no_moves(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    forget = "update commission set expected_pay_on = null"
    books.write(lambda s: s.connection().exec_driver_sql(forget).rowcount)
    books.decide(hold, "S1", "10-05", reason="under_review")
    assert moves(books) == []
    report_again(books, "S1", 100_00, "10-01", books.click(books.link_id, "10-01 11:00"), "10-06")
    assert moves(books) == []
