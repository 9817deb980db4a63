"""The self-check of commissions names each that does not agree with its entries, postings or facts."""

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.commissions.checks import commission_faults
from tests.payouts.cast import Books, at
from tests.payouts.ledger.conftest import tampering_session


def faults(session: Session) -> list[tuple[str, str]]:
    session.expire_all()
    return [(finding.subject_id, finding.message) for finding in commission_faults(session)]


@pytest.fixture
def two_sales(books: Books) -> Books:
    """One is released, one still held; of each a part was refunded."""
    books.sale("S1", 100_00, "10-01")
    books.refund("S1", 40_00, "10-02")
    books.run_jobs(at("11-05"))
    books.sale("S2", 200_00, "11-06")
    books.refund("S2", 50_00, "11-07")
    return books


def test_each_disagreement_is_named_with_both_amounts(two_sales: Books) -> None:
    first, second = two_sales.commission("S1").id, two_sales.commission("S2").id
    edits = {
        "update refund set amount = 5000 where amount = 4000": (first, "stands at 600", "make 500"),
        "update sale set total = 10100 where total = 10000": (first, "stands at 600", "make 610"),
        "delete from refund where amount = 5000": (second, "stands at 1500", "make 2000"),
        "update commission set rate_bp = 1100 where matured_at is null": (second, "1500", "1650"),
        "update ledger_posting set amount_minor = 2001 where amount_minor = 2000": (
            second,
            "entered with 1500",
            "the books have 1501",
        ),
        "update commission set matured_at = null": (first, "should have 600 in hold", "the books have 0"),
        "update commission set matured_at = created_at": (second, "should have 0 in hold", "have 1500"),
        "update commission_entry set amount_after_minor = 1 where kind = 'refund'": (
            second,
            "with 1,",
            "1500",
        ),
    }
    for edit, (commission_id, *words) in edits.items():
        with tampering_session(two_sales.settings) as session:
            assert faults(session) == []
            session.execute(text(edit))
            messages = [message for subject_id, message in faults(session) if subject_id == commission_id]
            assert any(all(word in message for word in words) for message in messages), (edit, messages)


def test_query_count_of_the_check_does_not_grow_with_commissions(two_sales: Books) -> None:
    def query_count() -> int:
        asked = 0

        def count(*_: object) -> None:
            nonlocal asked
            asked += 1

        event.listen(two_sales.databases.main, "before_cursor_execute", count)
        with read_session(two_sales.databases.main) as session:
            assert faults(session) == []
        event.remove(two_sales.databases.main, "before_cursor_execute", count)
        return asked

    few = query_count()
    for number in range(10):
        two_sales.sale(f"more-{number}", 100_00, "11-08")
    assert query_count() == few
