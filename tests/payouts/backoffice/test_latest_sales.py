"""A brand's newest sales, page by page, with who is credited and what is left of the commission."""

from config.database import read_session
from payouts.backoffice.latest_sales import LatestSale, SalesCursor, latest_sales
from tests.cast.books import Books, add_brand
from tests.cast.months import sell_and_release
from tracker.money import Money


def page(books: Books, limit: int = 50, after: SalesCursor | None = None) -> list[LatestSale]:
    with read_session(books.databases.main) as session:
        return latest_sales(session, books.brand_id, limit=limit, after=after)


def test_a_sale_shows_its_creator_and_what_is_left_of_the_commission(books: Books) -> None:
    sell_and_release(books, "S1", 100_00)
    books.refund("S1", 400_00, "11-02")
    [found] = page(books)
    assert (found.order_id, found.creator_id, found.creator_name) == ("S1", books.creator_id, "Anna")
    assert (found.total, found.net, found.commission) == (
        Money(1000_00, "EUR"),
        Money(1000_00, "EUR"),
        Money(60_00, "EUR"),
    )
    assert found.released


def test_a_sale_that_nobody_is_credited_for_has_no_commission(books: Books) -> None:
    books.sale("S1", 100_00, "10-01", click=None)
    [found] = page(books)
    assert (found.creator_id, found.commission, found.released) == (None, None, False)


def test_pages_follow_one_another_also_between_sales_of_one_instant(books: Books) -> None:
    other = add_brand(books)
    other.sale("T1", 100_00, "10-02")
    for number, day in enumerate(("10-01", "10-03", "10-03", "10-03", "10-02")):
        books.sale(f"S{number}", 100_00, day)
    books.sale("test", 100_00, "10-04", test=True)
    seen: list[LatestSale] = []
    while rows := page(books, 2, seen[-1].cursor if seen else None):
        seen += rows
    assert seen == page(books)
    assert [each.order_id for each in seen[-2:]] == ["S4", "S0"]
    assert {each.order_id for each in seen[:3]} == {"S1", "S2", "S3"}
