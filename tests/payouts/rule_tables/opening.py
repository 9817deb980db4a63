"""What the tests begin with, by commands too: a new brand, and what became of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from config.database import open_databases
from config.settings import Settings
from tests.harness.databases.snapshots import DatabaseSeed
from tests.payouts.rule_tables.command_line import Cast, CommandLine

AT_THE_PROVIDER_MINOR = 100_000_00


def seed_after(story: Callable[[CommandLine], Any] | None = None) -> DatabaseSeed:
    """The databases of a new brand after `story`. Tests get the cast, and what the story returned."""

    def play(settings: Settings) -> tuple[Cast, Any]:
        databases = open_databases(settings)
        terminal = _found_brand(CommandLine(settings, databases, Cast("", "", "", "")))
        extra = story(terminal) if story else None
        databases.close()
        return terminal.cast, extra

    return play


NEW_BRAND = seed_after()


def _found_brand(terminal: CommandLine) -> CommandLine:
    """A brand in UTC, set up on 1 September 2026; both creators can be paid."""
    brand = terminal.ask("09-01", "brand", "create", "Teas", "--currency", "EUR", "--timezone", "UTC")["id"]
    terms = ("--brand", brand, "--rate", "10")
    program = terminal.ask("09-01", "program", "create", "Friends", *terms)["id"]
    anna, bob = (_join(terminal, brand, program, name) for name in ("Anna", "Bob"))
    for currency in ("EUR", "USD"):
        money = ("--amount-minor", str(AT_THE_PROVIDER_MINOR), "--currency", currency)
        terminal.ask("09-01", "sandbox", "fund", *money)
    return replace(terminal, cast=Cast(brand, program, anna, bob))


def _join(terminal: CommandLine, brand: str, program: str, name: str) -> str:
    address = f"{name.lower()}@example.com"
    creator = terminal.ask("09-01", "creator", "create", name, "--email", address, "--country", "DE")["id"]
    takes_part = ("--program", program, "--creator", creator)
    terminal.ask("09-01", "enroll", *takes_part, "--coupon", name.upper())
    for command in (("payee", "connect"), ("sandbox", "onboard")):
        terminal.ask("09-01", *command, "--brand", brand, "--creator", creator)
    return str(creator)
