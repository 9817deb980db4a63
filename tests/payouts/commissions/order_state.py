"""What the books show of one order: its commissions, their amounts and holds, and the creator's balance."""

from typing import Any

from sqlalchemy import select, update

from config.database import read_session
from payouts.commissions.entries import current_amount_minor, entries_of
from payouts.commissions.holds.placing import holds_of
from payouts.commissions.models import Commission, Hold
from tests.cast.books import Books, at
from tracker.sales.orders.models import Sale

ZERO_BALANCES = (0, 0, 0)


def balances_of(books: Books) -> tuple[int, int, int]:
    """Held, payable, in transit."""
    balance = books.balance()
    return balance.pending_minor, balance.payable_minor, balance.in_transit_minor


def report_again(books: Books, order: str, net: int, sold: str, token: str, now: str, **fields: Any) -> None:
    """The shop reports the same sale a second time, with another click: new evidence."""
    data = books.sale_data(order, net, sold, click=token, **fields)
    books.report("sale.created", data, f"sale-{order}-{now}", at(now))


def commissions(books: Books, order: str) -> list[tuple[str, bool, int]]:
    """Of each revision: whose it is, whether it is the one that counts, and what it is worth."""
    with read_session(books.databases.main) as session:
        query = select(Commission).join(Sale).where(Sale.order_id == order).order_by(Commission.revision)
        return [
            (each.creator_id, each.live, current_amount_minor(entries_of(session, each.id)))
            for each in session.scalars(query)
        ]


def amount(books: Books, order: str) -> int:
    """What the order's commission is worth now."""
    with read_session(books.databases.main) as session:
        return current_amount_minor(entries_of(session, books.commission(order).id))


def holds(books: Books, order: str) -> list[str]:
    """The reasons for which the order's commission is held now."""
    with read_session(books.databases.main) as session:
        return [each.reason for each in holds_of(session, books.commission(order).id)]


def open_hold(books: Books, order: str) -> Hold:
    with read_session(books.databases.main) as session:
        (found,) = holds_of(session, books.commission(order).id)
        return found


def change_hold(books: Books, order: str, **values: Any) -> None:
    """Change the stored hold of the order's commission."""
    change = update(Hold).where(Hold.commission_id == books.commission(order).id)
    books.write(lambda s: s.execute(change.values(**values)))
