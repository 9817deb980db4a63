"""The upgrade that gives every hold an end: what it changes in the rows that exist, and what it says."""

from datetime import timedelta
from functools import partial

from sqlalchemy import select

from config.database import read_session
from config.migrate import migrate_down, migrate_up
from config.schema import MAIN
from payouts.commissions.models import Commission, Hold
from payouts.settlement.models import TransferReversal
from payouts.settlement.returns import record_return
from payouts.statements.decisions.commissions import hold
from tests.cast.books import Books, at
from tests.cast.months import OCTOBER, only_payout, pay_october, sell_and_release


def upgraded(books: Books) -> list[str]:
    """The notes of the upgrade from the schema before."""
    notes: list[str] = []
    migrate_down(books.databases.main, MAIN, "0021")
    migrate_up(books.databases.main, MAIN, notes=notes)
    return notes


def test_open_holds_get_an_end_and_the_upgrade_says_how_many(books: Books) -> None:
    sell_and_release(books, "1001", 100_00)
    books.decide(hold, "1001", "11-01", reason="under_review")
    notes = upgraded(books)
    assert "1 open holds for review end in 60 days, counted from today." in notes
    with read_session(books.databases.main) as session:
        (placed,) = session.scalars(select(Hold))
        assert placed.ends_at is not None
        assert placed.ends_at > placed.placed_at + timedelta(days=59)


def test_a_commission_that_was_released_knows_since_when(books: Books) -> None:
    sell_and_release(books, "1001", 100_00)
    upgraded(books)
    with read_session(books.databases.main) as session:
        (commission,) = session.scalars(select(Commission))
        assert commission.first_released_at == commission.matured_at is not None


def test_money_that_came_back_before_is_paid_without_a_decision_as_it_was(books: Books) -> None:
    pay_october(books)
    come_back = partial(record_return, payout_id=only_payout(books).id, reversal_ref="trr_1")
    books.write(partial(come_back, now=at(OCTOBER.payday), amount_minor=30_00))
    notes = upgraded(books)
    assert any(note.startswith("1 transfers that came back before this version") for note in notes)
    with read_session(books.databases.main) as session:
        (returned,) = session.scalars(select(TransferReversal))
        assert returned.decision == "send_again"
        assert returned.came_back_at == returned.recorded_at
        assert returned.transaction_id is not None
