"""A creator's commissions, the newest first, page by page, at one brand or at all."""

from config.database import read_session
from payouts.portal.lines import CommissionLine, lines_of_creator
from tests.cast.books import Books, add_brand, add_creator
from tracker.money import Money


def page(books: Books, brand_id: str = "", limit: int = 50, after: str = "") -> list[CommissionLine]:
    with read_session(books.databases.main) as session:
        return lines_of_creator(session, books.creator_id, brand_id=brand_id, limit=limit, after=after)


def test_lines_are_the_creators_own_at_all_brands_or_at_one(books: Books) -> None:
    other, bob = add_brand(books), add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, "10-01")
    books.refund("S1", 40_00, "10-02")
    other.sale("T1", 10_00, "10-03")
    bob.sale("S2", 50_00, "10-03")
    assert [(each.order_id, each.brand_name) for each in page(books)] == [("T1", "Mugs"), ("S1", "Teas")]
    [line] = page(books, books.brand_id)
    assert (line.earned, line.left, line.live) == (Money(10_00, "EUR"), Money(6_00, "EUR"), True)


def test_pages_of_lines_follow_one_another(books: Books) -> None:
    for number in range(5):
        books.sale(f"S{number}", 100_00, "10-01")
    seen: list[CommissionLine] = []
    while rows := page(books, limit=2, after=seen[-1].commission_id if seen else ""):
        seen += rows
    assert seen == page(books)
    assert len(seen) == 5
