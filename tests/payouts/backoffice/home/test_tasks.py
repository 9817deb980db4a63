"""What waits at a brand: each task with its number, and gone when it is done."""

from config.database import read_session
from payouts.backoffice.home.tasks import Task, TaskKind, brand_tasks
from payouts.settlement.freezes import place_freeze
from payouts.settlement.reasons import FreezeReason
from payouts.statements.decisions.commissions import hold, release
from tests.cast.books import Books, at
from tests.cast.months import OCTOBER, sell_and_release
from tracker.money import Money
from tracker.people.accounts.models import Brand
from tracker.reasons import Reason


def tasks(books: Books, when: str = "11-02") -> list[Task]:
    with read_session(books.databases.main) as session:
        return brand_tasks(session, at(when), session.get_one(Brand, books.brand_id))


def kinds(books: Books, when: str = "11-02") -> list[TaskKind]:
    return [each.kind for each in tasks(books, when)]


def test_a_new_brand_has_no_task(books: Books) -> None:
    assert tasks(books) == []


def test_held_commissions_are_counted_with_their_sum_until_somebody_decides(books: Books) -> None:
    for order in ("S1", "S2"):
        books.sale(order, 100_00, "10-01")
        books.decide(hold, order, "10-02", reason="under_review")
    [found] = tasks(books, "10-03")
    assert (found.kind, found.count, found.money) == (TaskKind.HELD, 2, Money(20_00, "EUR"))
    assert found.until is not None
    for order in ("S1", "S2"):
        books.decide(release, order, "10-03", note="it is fine")
    assert tasks(books, "10-03") == []


def test_a_draft_is_a_task(books: Books) -> None:
    sell_and_release(books, "1001", 100_00)
    books.close(OCTOBER.name, OCTOBER.closing)
    [found] = tasks(books)
    assert (found.kind, found.subject, found.count) == (TaskKind.STATEMENT, OCTOBER.name, 1)
    assert found.money == Money(100_00, "EUR")


def test_a_message_that_could_not_be_booked_is_a_task(books: Books) -> None:
    books.receive("sale.created", {"order_id": "X"}, "broken", at("10-05"))
    [found] = tasks(books, "10-05 18:00")
    assert (found.kind, found.count) == (TaskKind.PARKED, 1)


def test_frozen_payouts_come_first(books: Books) -> None:
    books.receive("sale.created", {"order_id": "X"}, "broken", at("10-05"))
    books.write(
        lambda session: place_freeze(
            session, at("10-05"), reason=Reason(FreezeReason.RESTORED), compare_from=at("10-01")
        )
    )
    assert kinds(books, "10-05 18:00") == [TaskKind.FROZEN, TaskKind.PARKED]


def test_a_shop_is_silent_after_longer_than_its_usual_pause(books: Books) -> None:
    for day in range(1, 29):
        when = f"10-{day:02}"
        books.receive("sale.created", books.sale_data(f"S{day}", 1_00, when), f"m{day}", at(when))
    assert TaskKind.SILENT not in kinds(books, "10-29 11:00")
    assert TaskKind.SILENT in kinds(books, "11-02")
