"""Figures of sales for pages: by day, and a month's best creators."""

from config.database import read_session
from payouts.rollups.queries import sales_by_day, top_creators
from payouts.rollups.rules import Scope
from tests.cast.books import Books, add_creator
from tests.payouts.rollups.test_count_sales import count, sell


def test_days_and_creators_of_a_brand(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    sell(books, "S1", "10-01 12:00")
    sell(bob, "S2", "10-01 12:00", 300_00)
    sell(books, "S3", "10-02 12:00", 50_00)
    sell(books, "S4", "11-02 12:00", 900_00)
    count(books)
    brand, span = (books.brand_id, "EUR"), ("2026-10-01", "2026-10-31")
    with read_session(books.databases.main) as session:
        days = sales_by_day(session, *brand, *span)
        of_bob = sales_by_day(session, *brand, *span, scope=Scope.CREATOR, subject_id=bob.creator_id)
        best = top_creators(session, *brand, "2026-10")
        first = top_creators(session, *brand, "2026-10", limit=1)
    assert {day: (each.sales, each.net_minor) for day, each in days.items()} == {
        "2026-10-01": (2, 400_00),
        "2026-10-02": (1, 50_00),
    }
    assert {day: each.commission_minor for day, each in of_bob.items()} == {"2026-10-01": 30_00}
    assert [(each.name, each.figures.net_minor) for each in best] == [("bob", 300_00), ("Anna", 150_00)]
    assert first == best[:1]
