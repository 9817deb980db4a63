"""Three owners of work: Anna and Bob at one brand, and Anna at another; and whose work something has done.

Each order id consists of the pending work and the name of its creator.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, read_session
from payouts.commissions.models import Commission, Entry, Hold
from payouts.settlement.returns import record_return
from tests.payouts.cast import Books, at, seed_after
from tests.payouts.commissions.people import click
from tests.payouts.transfers.runs.scenes import (
    OCTOBER,
    CurrencyBooks,
    add_booking,
    add_creator,
    open_brand,
    run_at,
    seal,
)
from tracker.sales.inbox.operations import dismiss
from tracker.sales.orders.models import Sale

BooksByName = dict[str, Books]
"""By name: "anna" and "bob" at one brand, "mugs" is Anna at the other."""


def open_three_books(books: Books) -> BooksByName:
    """The rail account is the first brand's."""
    return {"anna": books, "bob": add_creator(books, "Bob"), "mugs": open_mugs(books)}


def open_mugs(books: Books) -> CurrencyBooks:
    """Another brand, for which Anna sells, too."""
    return open_brand(
        books.settings,
        books.databases,
        books.sandbox,
        name="Mugs",
        creator_id=books.creator_id,
        since="09-02",
    )


def pending_work_of_every_kind(books: Books) -> dict[str, tuple[str, str]]:
    """By name the ids of the brand and of the creator.

    reported: a sale that has no commission yet. refunded: a refund that is not entered.
    ripe: a commission whose hold is over. returned: a disputed one whose payout came back.
    named: a released one whose order a parked message names. dismissed: held for a message that was
    dismissed.
    """
    owners = open_three_books(books)
    mugs = owners["mugs"]
    report_sales(owners, "10-01", "returned")
    payout_ids = [*pay_october(books), *pay_october(mugs)]
    report_sales(owners, "10-15", "named", "dismissed")
    report_sales(owners, "11-15", "refunded", "ripe")
    books.run_jobs(at("11-20"))
    parked = [refund_in_dollars(each, f"dismissed {name}") for name, each in owners.items()]
    for name, each in owners.items():  # with this the jobs run for the last time
        each.dispute(f"returned {name}", "opened", 1000_00, "11-21")
    for name, each in owners.items():
        refund_in_dollars(each, f"named {name}")
    refund(owners, "11-22")
    books.write(lambda s: dismiss_all(s, parked))
    return_payouts(books, payout_ids, "11-23")
    report_sales(owners, "12-01", "reported")
    return {name: (each.brand_id, each.creator_id) for name, each in owners.items()}


def report_sales(owners: BooksByName, when: str, *kinds: str, **fields: str) -> None:
    """Reported only: the jobs come later."""
    amounts = {"currency": "EUR", "total": 1000_00, "tax": 0, "shipping": 0, "discount": 0}
    for order, each in ((f"{kind} {name}", each) for kind in kinds for name, each in owners.items()):
        token = click(each, each.link_id, when)
        data = {"order_id": order, "occurred_at": at(when).isoformat(), "click": token} | amounts | fields
        each.report("sale.created", data, order, at(when), with_jobs=False)


def refund(owners: BooksByName, when: str) -> None:
    """Of each a part of the order "refunded", which is not entered."""
    for name, each in owners.items():
        each.refund(f"refunded {name}", 400_00, when, with_jobs=False)


def refund_in_dollars(books: Books, order: str) -> str:
    """Nobody can apply it: its event is parked."""
    return books.refund(order, 10_00, "11-21", currency="USD", with_jobs=False).event_id


def dismiss_all(session: Session, event_ids: list[str]) -> None:
    for event_id in event_ids:
        dismiss(session, event_id, reason="a mistake")


def pay_october(books: Books) -> list[str]:
    add_booking(books, 200_00, "10-01", kind="deposit")
    seal(books, OCTOBER)
    return run_at(books, OCTOBER.payday, rail_shared=True).pay(books.brand_id).paid


def return_payouts(books: Books, payout_ids: list[str], when: str) -> None:
    """Payouts of 100 EUR."""

    def work(session: Session) -> None:
        for each in payout_ids:
            record_return(session, at(when), payout_id=each, reversal_ref=f"trr-{each}", amount_minor=100_00)

    books.write(work)


PENDING_WORK_SEED = seed_after(pending_work_of_every_kind)


def names_changed_by(databases: Databases, kind: str, work: Callable[[], object]) -> set[str]:
    """The owners about whose order of that kind something is done by the work."""
    changed = [order.split() for order in orders_changed_by(databases, work)]
    return {name for what, name in changed if what == kind}


def orders_changed_by(databases: Databases, work: Callable[[], object]) -> set[str]:
    """The orders about which something is done by the work."""
    before = _order_traces(databases)
    work()
    return {order for order, *_trace in _order_traces(databases) - before}


def _order_traces(databases: Databases) -> set[tuple[Any, ...]]:
    """What was ever done about each order: the entries of its commission, its holds and when they ended."""
    query = (
        select(Sale.order_id, Entry.id, Hold.id, Hold.lifted_at)
        .outerjoin(Commission, Commission.sale_id == Sale.id)
        .outerjoin(Entry, Entry.commission_id == Commission.id)
        .outerjoin(Hold, Hold.commission_id == Commission.id)
    )
    with read_session(databases.main) as session:
        return {tuple(row) for row in session.execute(query)}
