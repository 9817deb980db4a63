"""The commands of the ledger: what a person can book, what each kind is for, and what accounts contain."""

from typing import Any

import pytest
from sqlalchemy import Engine, event

from payouts.ledger.commands import COMMANDS
from payouts.ledger.manual import MANUAL_KINDS
from payouts.ledger.rules import EVENTS
from tests.cast.api import Terminal
from tests.cast.books import Books, add_creator
from tests.cast.months import add_booking
from tests.payouts.ledger.test_manual import former_payment_by_hand


@pytest.fixture
def terminal(books: Books) -> Terminal:
    return Terminal(books.settings, COMMANDS)


def book(books: Books, kind: str, amount_minor: int, *options: str) -> tuple[str, ...]:
    amount = ("--brand", books.brand_id, "--amount-minor", str(amount_minor))
    return ("ledger", "book", kind, *amount, "--reason", "as agreed", *options)


def test_help_says_in_one_line_what_each_kind_is_for(terminal: Terminal) -> None:
    lines = terminal.run("ledger", "book", "--help").stdout.partition("Kinds:")[2].strip().splitlines()
    assert [line.split()[0] for line in lines] == list(MANUAL_KINDS)
    assert lines[0].split(maxsplit=1) == ["paid_by_hand", "paid by the brand itself, not by the rail"]


def test_kinds_are_listed_with_accounts_and_section(terminal: Terminal) -> None:
    found = terminal.ask("ledger", "kinds")
    assert len(found) == len(EVENTS)
    assert [each["kind"] for each in found].count("exchange") == 2
    by_kind = {each["kind"]: each for each in found}
    assert by_kind["tax_withheld"] == {
        "kind": "tax_withheld",
        "purpose": "tax that the brand pays for the creator",
        "debit": "payable",
        "credit": "tax_withheld",
        "section": "payments",
        "sign": "+",
        "by_hand": True,
    }
    assert (by_kind["rail_loss"]["section"], by_kind["rail_loss"]["sign"]) == (None, None)
    assert [each["kind"] for each in found if not each["by_hand"]][-1] == "orphan_adopted"
    text = terminal.run("ledger", "kinds").stdout
    assert (
        "deduction: takes back a bonus, a fee or earned money. payable to commission_expense, - in " in text
    )


def test_an_exchange_is_booked_with_both_amounts(books: Books, terminal: Terminal) -> None:
    of_creator = ("--creator", books.creator_id)
    terminal.ask(*book(books, "flat_fee", 60_00, *of_creator, "--key", "f"))
    given = book(books, "exchange", 50_00, *of_creator, "--key", "x")
    received = ("--to-amount-minor", "8000", "--to-currency", "JPY")
    first = terminal.ask(*given, *received)
    assert terminal.ask(*given, *received) == {**first, "duplicate": True}
    assert (books.balance().payable_minor, books.balance(currency="JPY").payable_minor) == (10_00, 8000)
    assert "together" in terminal.refused(*given, *received[:2])
    assert "with other contents" in terminal.refused(*given, *received[:-1], "USD")


def test_accounts_show_both_sides_of_the_brands_own_money(books: Books, terminal: Terminal) -> None:
    assert terminal.run("ledger", "accounts", "--brand", books.brand_id).stdout == "Nothing was booked yet.\n"
    terminal.ask(*book(books, "deposit", 100_00, "--key", "d", "--date", "2026-09-30"))
    terminal.ask(*book(books, "rail_loss", 40_00, "--key", "l"))
    terminal.ask(*book(books, "paid_by_hand", 30_00, "--key", "p", "--creator", books.creator_id))
    found = {each["account"]: each for each in terminal.ask("ledger", "accounts", "--brand", books.brand_id)}
    assert {name: each["balance"]["minor"] for name, each in found.items()} == {
        "bank": -30_00,
        "deposits": -100_00,
        "funding": 60_00,
        "rail_losses": 40_00,
    }
    assert (found["funding"]["debits"]["minor"], found["funding"]["credits"]["minor"]) == (100_00, 40_00)
    assert found["funding"]["note"] is None


def test_accounts_explain_payments_by_hand_of_earlier_versions(books: Books, terminal: Terminal) -> None:
    former_payment_by_hand(books, 30_00)
    terminal.ask(*book(books, "paid_by_hand", 20_00, "--key", "p", "--creator", books.creator_id))
    terminal.ask(*book(books, "deposit", 100_00, "--key", "d", "--currency", "USD"))
    accounts = ("ledger", "accounts", "--brand", books.brand_id)
    found = {(each["account"], each["balance"]["currency"]): each for each in terminal.ask(*accounts)}
    assert found["funding", "EUR"]["former_payments_by_hand"] == {"minor": 30_00, "currency": "EUR"}
    assert found["funding", "USD"]["former_payments_by_hand"] is None
    text = terminal.run(*accounts).stdout
    assert "30.00 EUR of the credits: earlier versions posted payments by hand to funding" in text


@pytest.mark.parametrize(
    ("kind", "amount_minor", "options", "message"),
    [
        ("no_such_kind", 1, (), "no_such_kind"),
        ("accrue", 1, (), "accrue"),
        ("deposit", 0, (), "1 to"),
        ("deposit", 1, ("--currency", "EURO"), "ISO 4217"),
        ("deposit", 1, ("--date", "yesterday"), "yesterday"),
        ("deposit", 1, ("--date", "2999-01-01"), "(today)"),
        ("bonus", 1, ("--creator", "crt_" + "0" * 32), "no creator"),
        ("write_off", 1, ("--creator", "CREATOR"), "owes 0.00 EUR"),
    ],
)
def test_what_cannot_be_booked_is_refused_with_the_reason(
    books: Books, terminal: Terminal, kind: str, amount_minor: int, options: tuple[str, ...], message: str
) -> None:
    named = [books.creator_id if each == "CREATOR" else each for each in options]
    assert message in terminal.refused(*book(books, kind, amount_minor, "--key", "k", *named))
    assert terminal.ask("ledger", "accounts", "--brand", books.brand_id) == []


def test_the_number_of_queries_of_balances_does_not_depend_on_the_creators(
    books: Books, terminal: Terminal
) -> None:
    def shown() -> tuple[list[str], int]:
        queries: list[str] = []

        def count(*call: Any) -> None:
            queries.append(call[2])

        event.listen(Engine, "before_cursor_execute", count)
        found = terminal.ask("ledger", "balances", "--brand", books.brand_id)
        event.remove(Engine, "before_cursor_execute", count)
        return sorted(each["name"] for each in found), len(queries)

    add_booking(books, 10_00, "10-01")
    names, few = shown()
    for name in ("bert", "carla", "dora"):
        add_booking(add_creator(books, name, connected=False), 10_00, "10-01")
    assert shown() == (sorted([*names, "bert", "carla", "dora"]), few)
