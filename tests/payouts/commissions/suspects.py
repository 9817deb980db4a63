"""Suspicious sales, and what is held because of them."""

from typing import Any

from config.database import read_session
from payouts.commissions.holds.queue import HeldCommission, held_commissions
from payouts.explain.order import explain
from tests.cast.api import Terminal
from tests.cast.books import Books, add_creator, at
from tests.payouts.commissions.test_provider_refunds import deliver, stripe_source
from tests.tracker.sales.payloads_read import event
from tracker.sales.reports.customer_hashes import address_hashes
from tracker.sales.suspicion.commands import COMMANDS
from tracker.sales.suspicion.rules import SETTINGS

SOLD = "10-01 12:00"
OWN_PURCHASE = {"customer_email_hash": address_hashes("anna@example.com").exact}
MANY = int(SETTINGS["many_sales"][0])


def held_queue(books: Books, signal: str = "") -> list[HeldCommission]:
    with read_session(books.databases.main) as session:
        return held_commissions(session, brand_id=books.brand_id, signal=signal)


def signals(books: Books) -> list[tuple[str, list[str | None]]]:
    """Of each held order, what holds it."""
    return [(each.order_id, [placed.signal for placed in each.holds]) for each in held_queue(books)]


def set_suspicion_setting(books: Books, signal: str, setting: str) -> None:
    terminal = Terminal(books.settings, COMMANDS)
    assert terminal.ask("suspicion", "set", signal, setting, "--brand", books.brand_id)[signal] == setting


def explain_order(books: Books, order: str) -> list[dict[str, Any]]:
    with read_session(books.databases.main) as session:
        return explain(session, books.brand_id, order)


def creator_with_code(books: Books, *, linked: bool) -> Books:
    """Bob, who has the code BOB10."""
    return add_creator(books, "Bob", connected=False, coupon="BOB10", linked=linked)


def duplicate(books: Books, when: str) -> None:
    """The shop reports by itself what Stripe reports, too."""
    books.sale("S1", 113_05, when, customer_email_hash=address_hashes("erika@customers.example").exact)


def paid_by_stripe(books: Books, when: str, now: str = "", **changes: Any) -> None:
    token = books.click(add_creator(books, "bob", connected=False).link_id, when)
    sold = event("stripe_session_paid", at=int(at(when).timestamp()), client_reference_id=token, **changes)
    deliver(books, stripe_source(books), sold, now or when)
