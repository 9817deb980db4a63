"""A batch of sales is accrued as the same sales would be one by one, by a number of statements that stays."""

from collections.abc import Callable
from functools import partial

from sqlalchemy import select

from config.database import Databases, read_session
from payouts.commissions.accrual import accrue_due
from payouts.commissions.models import BookingWork, Commission, Entry, Hold
from payouts.statements.decisions.commissions import decline
from tests.cast.books import Books, add_brand, add_creator, add_link, at
from tests.cast.people import PERSON
from tests.cast.programs import add_program
from tests.harness.databases.statement_log import executed_statements
from tests.harness.processes.threads import run_concurrently
from tracker.sales.orders.models import Sale

SOLD = "10-01 12:00"


def report(books: Books, order: str, link_id: str | None, hour: str = "10", net: int = 100_00) -> None:
    """Receive a sale, or the same again with other evidence. No job runs."""
    click = books.click(link_id, f"10-01 {hour}:00") if link_id else None
    data = books.sale_data(order, net, SOLD, click=click)
    books.receive("sale.created", data, f"{order}-{hour}", at("10-02"))


def accrue(books: Books, limit: int, now: str = "10-03") -> int:
    done, step = 0, partial(accrue_due, brand_id=books.brand_id)
    while each := books.write(lambda s: step(s, at(now), limit)):
        done += each
    return done


def state(books: Books) -> list[tuple[object, ...]]:
    """By order and revision: the commission, its entries and its open holds, without ids."""
    with read_session(books.databases.main) as session:
        rows = session.execute(
            select(Commission, Sale.order_id)
            .join(Sale, Sale.id == Commission.sale_id)
            .where(Commission.brand_id == books.brand_id)
            .order_by(Sale.order_id, Commission.revision)
        ).all()
        found: list[tuple[object, ...]] = []
        for made, order in rows:
            entries = session.scalars(
                select(Entry).where(Entry.commission_id == made.id).order_by(Entry.line)
            ).all()
            changes = [(each.kind, each.amount_before_minor, each.amount_after_minor) for each in entries]
            holds = session.scalars(select(Hold.reason).where(Hold.commission_id == made.id)).all()
            own = made.creator_id == books.creator_id
            found.append((order, made.revision, made.live, own, made.amount_minor, changes, sorted(holds)))
        return found


def commission_of(books: Books, order: str) -> str:
    """The order's live commission at this brand."""
    with read_session(books.databases.main) as session:
        own = (Sale.order_id == order, Commission.live, Commission.brand_id == books.brand_id)
        return session.scalars(select(Commission.id).join(Sale).where(*own)).one()


def play(books: Books, limit: int, other: str) -> None:
    """New sales, then new evidence: confirmed, replaced, replaced after a decline, credited to no one."""
    bob = add_creator(books, other, connected=False)
    profit = add_link(books, f"{other}-profit", add_program(books, rate_bp=5000, base="profit"))
    for order in ("S1", "S2", "S3", "S4"):
        report(books, order, books.link_id)
    report(books, "S5", None)
    report(books, "S6", profit)
    report(books, "S7", books.link_id, net=4)
    assert accrue(books, limit) == 7
    declined = commission_of(books, "S3")
    books.write(lambda s: decline(s, at("10-04"), declined, reason="breach", actor=PERSON))
    report(books, "S1", books.link_id, "11")
    for order in ("S2", "S3", "S5"):
        report(books, order, bob.link_id, "11")
    assert accrue(books, limit, "10-05") == 4


def test_a_batch_ends_as_its_sales_would_one_by_one(books: Books) -> None:
    mugs = add_brand(books, creator="Mia")
    play(books, 1, "bob")
    play(mugs, 100, "bert")
    assert state(books) == state(mugs)
    live = {row[0]: row[3:] for row in state(mugs) if row[2]}
    assert live.keys() == {"S1", "S2", "S3", "S4", "S5", "S6", "S7"}
    assert live["S1"] == (True, 10_00, [("accrue", 0, 10_00), ("confirmed", 10_00, 10_00)], [])
    assert live["S2"] == (False, 10_00, [("accrue", 0, 10_00)], [])
    assert "breach" in str(live["S3"][-1])
    assert live["S7"][1] == 0
    assert books.faults() == []


def test_the_number_of_statements_does_not_depend_on_the_batch(books: Books, databases: Databases) -> None:
    counts = []
    for batch, size in enumerate((2, 2, 40)):
        for number in range(size):
            report(books, f"S{batch}-{number}", books.link_id, f"{batch + 5:02}", net=100_00 + number)
        with executed_statements(databases.main) as statements:
            assert books.write(lambda s: accrue_due(s, at("10-03"), 100, brand_id=books.brand_id)) == size
        counts.append(len(statements))
    assert counts[1] == counts[2] < 40


def test_work_of_sales_that_earn_nothing_is_done_without_a_commission(books: Books) -> None:
    report(books, "S1", None)
    test_sale = books.sale_data("S2", 100_00, SOLD, test=True, click=books.click(books.link_id, SOLD))
    books.receive("sale.created", test_sale, "S2", at("10-02"))
    assert accrue(books, 10) == 2
    assert state(books) == []
    with read_session(books.databases.main) as session:
        assert session.scalars(select(BookingWork.cause_id)).all() == []


def test_concurrent_batches_accrue_each_sale_once(books: Books) -> None:
    for number in range(20):
        report(books, f"S{number}", books.link_id)
    workers: list[Callable[[], int]] = [partial(accrue, books, 3)] * 6
    assert sum(run_concurrently(*workers)) == 20
    assert books.balance().pending_minor == 20 * 10_00
    assert books.faults() == []
