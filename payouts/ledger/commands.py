"""Commands about the ledger: manual bookings and balances."""

from typing import Any

import click

from config.database import read_session, transact
from payouts.ledger.balances import creator_balances, currencies_of
from payouts.ledger.manual import MANUAL_KINDS, book_manually
from tracker.console import CommandResult, Console, ConsoleGroup, pass_console
from tracker.money import Money
from tracker.people.accounts.operations import get_brand, get_creator


@click.group("ledger", cls=ConsoleGroup)
def ledger_commands() -> None:
    """The ledger: balances and manual bookings."""


@ledger_commands.command("book")
@click.argument("kind", type=click.Choice(MANUAL_KINDS))
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--creator", "creator_id", metavar="ID")
@click.option("--amount-minor", type=int, required=True, help="In minor units: 500 is 5.00 EUR.")
@click.option("--currency", help="Default: the brand's own.")
@click.option("--reason", required=True, help="The brand and the creator will read it.")
@click.option("--key", required=True, help="Idempotency key: one key is booked once.")
@pass_console
def book(
    console: Console,
    kind: str,
    brand_id: str,
    creator_id: str | None,
    amount_minor: int,
    currency: str | None,
    reason: str,
    key: str,
) -> CommandResult:
    """Book a bonus, a deposit or another manual entry. A repeated key books nothing again."""
    posted = transact(
        console.databases.main,
        lambda s: book_manually(
            s,
            console.now,
            brand_id=brand_id,
            kind=kind,
            key=key,
            amount_minor=amount_minor,
            currency=currency or get_brand(s, brand_id).currency,
            reason=reason,
            creator_id=creator_id,
        ),
    )
    value = {"transaction": posted.transaction_id, "duplicate": posted.duplicate}
    return CommandResult(value, f"{posted.transaction_id}{' (booked before)' if posted.duplicate else ''}")


@ledger_commands.command("balances")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@pass_console
def balances(console: Console, brand_id: str) -> CommandResult:
    """Show what a brand owes its creators: held, payable, in transit."""
    found: list[dict[str, Any]] = []
    with read_session(console.databases.main) as session:
        brand = get_brand(session, brand_id)
        for currency in currencies_of(session, brand.id):
            for creator_id, balance in creator_balances(session, brand.id, currency).items():
                found.append(
                    {
                        "creator": creator_id,
                        "name": get_creator(session, creator_id).name,
                        "held": Money(balance.pending_minor, currency).as_json(),
                        "payable": Money(balance.payable_minor, currency).as_json(),
                        "in_transit": Money(balance.in_transit_minor, currency).as_json(),
                    }
                )
    return CommandResult(
        found, "\n".join(_text(each) for each in found) or "No creator was ever owed anything."
    )


def _text(each: dict[str, Any]) -> str:
    parts = ", ".join(
        f"{name} {Money(**each[field])}"
        for name, field in (("held", "held"), ("payable", "payable"), ("in transit", "in_transit"))
    )
    return f"{each['name']}: {parts}"


COMMANDS = (ledger_commands,)
