"""October's draft, and a terminal at which a person decides about it at a chosen time."""

from typing import Any

import time_machine

from payouts.statements.commands import COMMANDS as STATEMENTS
from payouts.transfers.commands import COMMANDS as PAYOUTS
from tests.cast.api import Terminal
from tests.cast.books import Books, at
from tests.cast.months import OCTOBER, seed_after, sell_and_release


def close_october(books: Books) -> None:
    sell_and_release(books, "1001", 100_00)
    books.sale("1002", 400_00, "10-05")
    books.end("2026-10", OCTOBER.closing)


DRAFT = seed_after(close_october)
"""October's draft: 100 EUR of order 1001 are released, 40 EUR of order 1002 are held until 4 November."""


def ask(books: Books, when: str, *command: str) -> Any:
    """The JSON of a command that a person runs at that time; it must succeed."""
    with time_machine.travel(at(when), tick=False):
        return _terminal(books).ask(*command)


def refused(books: Books, when: str, *command: str) -> str:
    """The message of a command that must refuse."""
    with time_machine.travel(at(when), tick=False):
        return _terminal(books).refused(*command)


def _terminal(books: Books) -> Terminal:
    return Terminal(books.settings, (*STATEMENTS, *PAYOUTS), LINKLEDGER_STRIPE_API_BASE=books.sandbox.url)


def decide(books: Books, when: str, what: str, order: str, *options: str) -> Any:
    """Run a command about the commission of an order."""
    return ask(books, when, "commission", what, books.commission(order).id, *options)


def decide_refused(books: Books, when: str, what: str, order: str, *options: str) -> str:
    return refused(books, when, "commission", what, books.commission(order).id, *options)


def statement(books: Books, what: str, when: str, *options: str, period: str = "2026-10") -> Any:
    """Run a command about the brand's statement of a period, by default of October."""
    return ask(books, when, "statement", what, "--brand", books.brand_id, "--period", period, *options)


def split(books: Books, period: str = "2026-10") -> dict[str, int]:
    """The parts of a statement's closing amount that are not 0, in minor units."""
    shown = books.statement(period)["closing_split"]
    return {name: amount["minor"] for name, amount in shown.items() if amount["minor"]}


def paid(books: Books, when: str = OCTOBER.payday) -> list[int]:
    """The amounts of the payouts that a run at that time pays."""
    done = ask(books, when, "payout", "run", "--brand", books.brand_id)
    return [each["amount"]["minor"] for each in done["paid"]]
