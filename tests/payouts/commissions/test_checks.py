"""The check of commissions finds each one that does not agree with its entries, postings or facts."""

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.commissions.checks import commission_faults
from payouts.commissions.models import Commission
from tests.cast.books import Books, at
from tests.payouts.ledger.conftest import tampering_session


def faults(session: Session) -> list[tuple[str, str]]:
    session.expire_all()
    ids = list(session.scalars(select(Commission.id)))
    return [(finding.subject_id, finding.message) for finding in commission_faults(session, ids)]


@pytest.fixture
def two_sales(books: Books) -> Books:
    """Two sales, each partly refunded: one commission is released, the other held."""
    books.sale("S1", 100_00, "10-01")
    books.refund("S1", 40_00, "10-02")
    books.run_jobs(at("11-05"))
    books.sale("S2", 200_00, "11-06")
    books.refund("S2", 50_00, "11-07")
    return books


def test_each_disagreement_is_reported_with_both_amounts(two_sales: Books) -> None:
    first, second = two_sales.commission("S1").id, two_sales.commission("S2").id
    edits = {
        "update refund set amount = 5000 where amount = 4000": (
            first,
            "worth 600 by its entries",
            "500 by its sale and refunds",
        ),
        "update sale set total = 10100 where total = 10000": (
            first,
            "worth 600 by its entries",
            "610 by its sale and refunds",
        ),
        "delete from refund where amount = 5000": (
            second,
            "worth 1500 by its entries",
            "2000 by its sale and refunds",
        ),
        "update commission set rate_bp = 1100 where matured_at is null": (second, "1500", "1650"),
        "update ledger_posting set amount_minor = 2001 where amount_minor = 2000": (
            second,
            "worth 1500 by its entries",
            "1501 in the books",
        ),
        "update commission set matured_at = null": (first, "should have 600 on hold", "the books have 0"),
        "update commission set matured_at = created_at": (second, "should have 0 on hold", "have 1500"),
        "update commission_entry set amount_after_minor = 1 where kind = 'refund'": (
            second,
            "worth 1 by",
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
        queries = 0

        def count(*_: object) -> None:
            nonlocal queries
            queries += 1

        event.listen(two_sales.databases.main, "before_cursor_execute", count)
        with read_session(two_sales.databases.main) as session:
            assert faults(session) == []
        event.remove(two_sales.databases.main, "before_cursor_execute", count)
        return queries

    few = query_count()
    for number in range(10):
        two_sales.sale(f"more-{number}", 100_00, "11-08")
    assert query_count() == few
