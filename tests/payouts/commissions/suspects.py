"""Suspicious sales, and what is held because of them."""

from typing import Any

from sqlalchemy.orm import Session

from config.database import read_session
from payouts.commissions.held_queue import HeldCommission, held_commissions
from payouts.explain.order import explain
from tests.payouts.cast import Books, at
from tests.payouts.commissions.people import LinkedCreator, another_creator, click
from tests.payouts.commissions.test_provider_refunds import deliver, stripe_source
from tests.tracker.sales.payloads_read import event
from tests.tracker.terminal import Terminal
from tracker.people.accounts.operations import create_creator
from tracker.programs.links.operations import create_link
from tracker.programs.operations import enroll
from tracker.sales.reports.customer_hashes import email_hash
from tracker.sales.suspicion.commands import COMMANDS
from tracker.sales.suspicion.rules import SETTINGS

SOLD = "10-01 12:00"
OWN_PURCHASE = {"customer_email_hash": email_hash("anna@example.com")}
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


def creator_with_code(books: Books, *, linked: bool) -> LinkedCreator:
    """Bob, who has the code BOB10."""

    def work(session: Session) -> LinkedCreator:
        bob = create_creator(session, at("09-01"), name="Bob", email="bob@example.com", country="DE")
        enroll(session, at("09-01"), program_id=books.program_id, creator_id=bob.id, coupon="BOB10")
        if not linked:
            return LinkedCreator(bob.id, "")
        made = create_link(
            session,
            at("09-01"),
            program_id=books.program_id,
            creator_id=bob.id,
            destination="https://shop.example/tea",
            code="bob",
        )
        return LinkedCreator(bob.id, made.id)

    made: LinkedCreator = books.write(work)
    return made


def duplicate(books: Books, when: str) -> None:
    """The shop reports by itself what Stripe reports, too."""
    books.sale("S1", 113_05, when, customer_email_hash=email_hash("erika@customers.example"))


def paid_by_stripe(books: Books, when: str, now: str = "", **changes: Any) -> None:
    token = click(books, another_creator(books, "bob").link_id, when)
    sold = event("stripe_session_paid", at=int(at(when).timestamp()), client_reference_id=token, **changes)
    deliver(books, stripe_source(books), sold, now or when)
