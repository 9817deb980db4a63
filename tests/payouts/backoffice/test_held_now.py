"""Standing holds of a brand, the oldest first, page by page."""

from config.database import read_session
from payouts.backoffice.held_now import HoldsCursor, StandingHold, held_now
from payouts.statements.decisions.commissions import hold, release
from tests.cast.books import Books, add_brand
from tracker.money import Money


def page(books: Books, limit: int = 50, after: HoldsCursor | None = None) -> list[StandingHold]:
    with read_session(books.databases.main) as session:
        return held_now(session, books.brand_id, limit=limit, after=after)


def test_a_hold_is_listed_with_its_words_until_it_is_lifted(books: Books) -> None:
    other = add_brand(books)
    for each, order in ((books, "S1"), (other, "T1")):
        each.sale(order, 100_00, "10-01")
        each.decide(hold, order, "10-02", reason="under_review", note="please wait")
    [found] = page(books)
    assert (found.order_id, found.creator_id, found.left) == ("S1", books.creator_id, Money(10_00, "EUR"))
    assert "please wait" in found.words
    books.decide(release, "S1", "10-03", note="it is fine")
    assert page(books) == []
    assert len(page(other)) == 1


def test_pages_of_holds_follow_one_another(books: Books) -> None:
    for number in range(5):
        books.sale(f"S{number}", 100_00, "10-01")
        books.decide(hold, f"S{number}", "10-02" if number < 3 else "10-03", reason="under_review")
    seen: list[StandingHold] = []
    while rows := page(books, 2, seen[-1].cursor if seen else None):
        seen += rows
    assert seen == page(books)
    assert len({each.commission_id for each in seen}) == 5
    assert [each.placed_at for each in seen] == sorted(each.placed_at for each in seen)
