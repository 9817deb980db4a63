"""Two workers on one commission: the one that waits for the lock then reads what the other committed."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due
from payouts.commissions.models import Commission, Entry
from payouts.commissions.release import release_due
from payouts.ledger.models import Transaction
from payouts.ledger.operations import lock_books
from payouts.statements.close import close_period
from payouts.statements.decisions.commissions import decline, hold
from tests.cast.books import Books, add_brand, add_creator, at
from tests.cast.months import DEFAULT_SEED, seed_after
from tests.cast.people import PERSON
from tests.harness.databases.snapshots import Snapshot, database_seed_for
from tests.harness.processes.threads import DEADLINE_S, run_concurrently
from tests.payouts.commissions.order_state import amount, commissions, holds
from tracker.errors import Conflict, LinkledgerError
from tracker.sales.inbox.apply_or_park import receive
from tracker.sales.orders.models import Sale
from tracker.sales.sources.operations import get_source

Work = Callable[[Session], Any]
WAITING = (
    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
)
NOW = at("11-02")
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)
REFUND = {"refund_id": "r1", "occurred_at": at("10-05").isoformat(), "amount": 40_00}


def report(books: Books, session: Session, kind: str, data: dict[str, Any], key: str) -> None:
    """Receive a message of the shop. No job has processed it yet."""
    message = {"order_id": "S1", "currency": "EUR"} | data
    body = json.dumps({"type": kind, "timestamp": at("10-20").isoformat(), "data": message}).encode()
    source = get_source(session, books.source_id)
    receive(session, at("10-20"), source, key, body, keys=books.settings.secret_keys)


def sale(books: Books, link_id: str, hour: str) -> dict[str, Any]:
    amounts = {"total": 100_00, "tax": 0, "shipping": 0, "discount": 0}
    token = books.click(link_id, f"10-01 {hour}")
    return {"occurred_at": at("10-01 12:00").isoformat(), "click": token} | amounts


def race(books: Books, first: Work, second: Work) -> None:
    """`second` has found its work and waits for the lock, while `first` does its work and commits."""
    with ThreadPoolExecutor(1) as pool:

        def lock_first(session: Session) -> Any:
            lock_books(session, books.brand_id)
            waiting = pool.submit(lambda: _ignoring_refusals(books, second))
            if session.get_bind().dialect.name == "postgresql":
                _wait_until_blocked(books)
            first(session)
            return waiting

        transact(books.databases.main, lock_first).result(DEADLINE_S)


def _ignoring_refusals(books: Books, work: Work) -> None:
    try:
        transact(books.databases.main, work)
    except LinkledgerError:
        return  # refused because the other one was faster


def _wait_until_blocked(books: Books) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        with books.databases.main.connect() as connection:
            if connection.execute(text(WAITING)).scalar_one():
                return
    raise AssertionError("no transaction waits for the lock")


def _commission_id(session: Session) -> str:
    return session.scalars(select(Commission.id).where(Commission.live)).one()


OPERATIONS: dict[str, Work] = {
    "accrue": lambda s: accrue_due(s, NOW, 100),
    "adjust": lambda s: adjust_due(s, NOW, 100),
    "mature": lambda s: release_due(s, NOW, 100),
    "hold": lambda s: hold(s, NOW, _commission_id(s), reason="under_review", actor=PERSON),
    "decline": lambda s: decline(s, NOW, _commission_id(s), reason="returned", actor=PERSON),
}
DECISIONS = {"hold", "decline"}


def test_a_sale_that_two_workers_found_is_accrued_once(books: Books) -> None:
    books.write(lambda s: report(books, s, "sale.created", sale(books, books.link_id, "10:00"), "k1"))
    race(books, OPERATIONS["accrue"], OPERATIONS["accrue"])
    assert commissions(books, "S1") == [(books.creator_id, True, 10_00)]
    assert books.faults() == []


PAIRS = [(first, second) for first, second in product(OPERATIONS, OPERATIONS) if {first, second} - DECISIONS]


def report_refund_and_new_click(books: Books) -> str:
    """Report a refund and new evidence, both to be entered. Returns the id of the creator it credits."""
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, "10-01 12:00", click=books.click(books.link_id, "10-01 10:00"))

    def report_both(session: Session) -> None:
        report(books, session, "refund.created", REFUND, "k1")
        report(books, session, "sale.created", sale(books, bob.link_id, "11:00"), "k2")

    books.write(report_both)
    return bob.creator_id


NEW_EVIDENCE_SEED = seed_after(report_refund_and_new_click)


database_seed = database_seed_for(bob_id=NEW_EVIDENCE_SEED, books=DEFAULT_SEED)


@pytest.fixture
def bob_id(snapshot: Snapshot) -> str:
    return str(snapshot.known[1])


@pytest.mark.parametrize("database_kind", [POSTGRESQL], indirect=True)
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_any_two_concurrent_operations_leave_consistent_books(
    books: Books, bob_id: str, first: str, second: str
) -> None:
    """A refund and new evidence are pending, and the release date has come."""

    def owed() -> tuple[int, int]:
        """What is owed to both creators, and what of it is payable."""
        both = (books.balance(), books.balance(bob_id))
        if holds(books, "S1"):
            assert [each.payable_minor for each in both] == [0, 0]
        return sum(each.total_minor for each in both), sum(each.payable_minor for each in both)

    race(books, OPERATIONS[first], OPERATIONS[second])
    assert books.faults() == []
    assert owed() in ((10_00, 0), (6_00, 0), (10_00, 10_00), (6_00, 6_00), (0, 0))
    books.run_jobs(at("11-03"))
    assert books.faults() == []
    expected = 0 if was_declined(books) else 6_00
    assert (amount(books, "S1"), owed()[0]) == (expected, expected)


def was_declined(books: Books) -> bool:
    with read_session(books.databases.main) as session:
        entries = select(Entry.id).where(Entry.commission_id == _commission_id(session))
        return session.scalar(entries.where(Entry.kind == "decline")) is not None


def test_a_decision_about_a_commission_that_was_replaced_is_refused(books: Books) -> None:
    """Otherwise a person believes that the sale was declined, and another commission for it is paid."""
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, "10-01 12:00", click=books.click(books.link_id, "10-01 10:00"))
    seen = books.commission("S1").id
    books.write(lambda s: report(books, s, "sale.created", sale(books, bob.link_id, "11:00"), "k2"))
    books.run_jobs(at("10-21"))
    assert books.commission("S1").id != seen
    with pytest.raises(Conflict):
        books.write(lambda s: decline(s, at("10-22"), seen, reason="returned", actor=PERSON))


def test_a_message_holds_the_commission_that_replaces_the_one_it_was_about_to_hold(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, "10-01 12:00", click=books.click(books.link_id, "10-01 10:00"))
    books.write(lambda s: report(books, s, "sale.created", sale(books, bob.link_id, "11:00"), "k2"))
    books.write(lambda s: report(books, s, "refund.created", REFUND | {"currency": "USD"}, "k3"))
    race(books, OPERATIONS["accrue"], OPERATIONS["adjust"])
    assert books.commission("S1").creator_id == bob.creator_id
    books.run_jobs(at("11-03"))
    assert (len(holds(books, "S1")), books.balance(bob.creator_id).payable_minor) == (1, 0)


def test_accrual_of_a_sale_concurrent_with_the_close_of_its_month(books: Books) -> None:
    books.sale("S0", 100_00, "10-01")
    late = sale(books, books.link_id, "10:00") | {"order_id": "S1"}
    books.write(lambda s: report(books, s, "sale.created", late, "k1"))

    def close(session: Session) -> None:
        close_period(session, at("11-01 00:05"), books.brand_id, "2026-10")

    race(books, OPERATIONS["accrue"], close)
    statement = books.statement("2026-10")
    assert statement["equation"]["earned"]["minor"] == 20_00
    assert books.faults() == []


def test_entry_of_a_refund_concurrent_with_the_close_of_its_month(books: Books) -> None:
    books.sale("S1", 100_00, "10-01 12:00", click=books.click(books.link_id, "10-01 10:00"))
    books.write(lambda s: report(books, s, "refund.created", REFUND, "k1"))

    def close(session: Session) -> None:
        close_period(session, at("11-01 00:05"), books.brand_id, "2026-10")

    race(books, close, OPERATIONS["adjust"])
    statement = books.statement("2026-10")
    assert (statement["equation"]["reversed"]["minor"], books.balance().total_minor) == (4_00, 6_00)
    assert books.faults() == []


def test_workers_that_lock_two_brands_in_opposite_order_both_finish(
    books: Books, databases: Databases
) -> None:
    """The database reports the deadlock to one of them, and its transaction is repeated."""
    other = add_brand(books)
    for each in (books, other):
        each.sale("S1", 100_00, "10-01 12:00")
        each.write(partial(_report_refund, each))

    def both(first: Books, second: Books) -> None:
        def work(session: Session) -> None:
            for each in (first, second):
                adjust_due(session, NOW, 10, brand_id=each.brand_id)
                release_due(session, NOW, 10, brand_id=each.brand_id)

        transact(databases.main, work)

    run_concurrently(*[partial(both, books, other), partial(both, other, books)] * 3)
    assert [each.balance().payable_minor for each in (books, other)] == [6_00, 6_00]
    assert books.faults() == []


def _report_refund(books: Books, session: Session) -> None:
    report(books, session, "refund.created", REFUND, "k1")


def test_concurrent_workers_process_each_sale_once(books: Books) -> None:
    numbers = range(12)

    def report_all(session: Session) -> None:
        for number in numbers:
            ids = {"order_id": f"S{number}"}
            report(books, session, "sale.created", sale(books, books.link_id, "10:00") | ids, f"k{number}")
            report(books, session, "refund.created", REFUND | ids, f"r{number}")

    books.write(report_all)

    def worker() -> None:
        for step in (accrue_due, adjust_due, release_due):
            while books.write(partial(_one_batch, step)):
                pass

    run_concurrently(*[worker] * 6)
    with read_session(books.databases.main) as session:
        kinds = dict(session.execute(select(Entry.kind, func.count()).group_by(Entry.kind)).all())
        transactions = session.scalar(select(func.count()).select_from(Transaction))
        assert session.scalar(select(func.count()).select_from(Sale)) == len(numbers)
    assert kinds == dict.fromkeys(("accrue", "refund", "mature"), len(numbers))
    assert transactions == 3 * len(numbers)
    assert (books.balance().payable_minor, books.faults()) == (len(numbers) * 6_00, [])


def _one_batch(step: Callable[[Session, Any, int], int], session: Session) -> int:
    return step(session, NOW, 3)
