"""Commands about the ledger: manual bookings, their kinds, and balances."""

from datetime import datetime
from typing import Any

import click

from config.database import read_session, transact
from payouts.ledger.balances import (
    AccountTotals,
    brand_account_totals,
    creator_balances,
    currencies_of,
    former_bookings_minor,
)
from payouts.ledger.manual import MANUAL_KINDS, book_by_person
from payouts.ledger.rules import EVENTS, EventRule, events_of, kind_of
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleCommand, ConsoleGroup, pass_console
from tracker.errors import Invalid
from tracker.money import Money
from tracker.people.accounts.operations import creator_names, get_brand

_FORMER_PAYMENTS = (
    "earlier versions posted payments by hand to funding, not to bank, and these bookings stay as they are. "
    "Where brands share a rail, they lower what this brand can pay from its deposits. Book a deposit of that "
    "amount to make up for it."
)


@click.group("ledger", cls=ConsoleGroup)
def ledger_commands() -> None:
    """The ledger: balances and manual bookings."""


class _BookCommand(ConsoleCommand):
    """Its help says what each kind is for."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Kinds"):
            formatter.write_dl([(kind, EVENTS[events_of(kind)[0]].purpose) for kind in MANUAL_KINDS])


@ledger_commands.command("book", cls=_BookCommand)
@click.argument("kind", type=click.Choice(MANUAL_KINDS), metavar="KIND")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--creator", "creator_id", metavar="ID")
@click.option("--amount-minor", type=int, required=True, help="In minor units: 500 is 5.00 EUR.")
@click.option("--currency", help="Default: the brand's own.")
@click.option("--to-amount-minor", type=int, help="Of an exchange: the amount in the other currency.")
@click.option("--to-currency", help="Of an exchange: the other currency.")
@click.option("--reason", required=True, help="The brand and the creator will read it.")
@click.option("--key", required=True, help="Idempotency key: one key is booked once.")
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Of money that moved at the rail or the bank: the date there, in the brand's zone. Default: now.",
)
@pass_console
def book(
    console: Console,
    brand_id: str,
    currency: str | None,
    to_amount_minor: int | None,
    to_currency: str | None,
    day: datetime | None,
    **booking: Any,
) -> CommandResult:
    """Book a bonus, a deposit or another manual entry. A repeated key books nothing again."""
    to = _other_amount(to_amount_minor, to_currency)
    posted = transact(
        console.databases.main,
        lambda s: book_by_person(
            s,
            console.now,
            actor=command_line("ledger book"),
            brand_id=brand_id,
            currency=currency or get_brand(s, brand_id).currency,
            to=to,
            day=day.date() if day else None,
            **booking,
        ),
    )
    value = {"transaction": posted.transaction_id, "duplicate": posted.duplicate}
    return CommandResult(value, f"{posted.transaction_id}{' (booked before)' if posted.duplicate else ''}")


def _other_amount(amount_minor: int | None, currency: str | None) -> Money | None:
    if amount_minor is None and currency is None:
        return None
    if amount_minor is None or currency is None:
        raise Invalid("Give --to-amount-minor and --to-currency together.")
    return Money(amount_minor, currency)


@ledger_commands.command("kinds")
def kinds() -> CommandResult:
    """Show all kinds of postings: what each is for, its accounts, and its section of the statement."""
    found = [_kind_json(event, rule) for event, rule in EVENTS.items()]
    return CommandResult(found, "\n".join(_kind_text(each) for each in found))


def _kind_json(event: str, rule: EventRule) -> dict[str, Any]:
    """One posting of a kind; only an exchange has two. `sign` is that of the amount in the section."""
    return {
        "kind": kind_of(event),
        "purpose": rule.purpose,
        "debit": rule.debit,
        "credit": rule.credit,
        "section": None if rule.section == "none" else rule.section,
        "sign": None if rule.section == "none" else "+" if rule.sign > 0 else "-",
        "by_hand": rule.by_hand,
    }


def _kind_text(each: dict[str, Any]) -> str:
    section = f"{each['sign']} in {each['section']}" if each["section"] else "in no section"
    by = "booked by a person" if each["by_hand"] else "booked by rules"
    return f"{each['kind']}: {each['purpose']}. {each['debit']} to {each['credit']}, {section}, {by}."


@ledger_commands.command("accounts")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@pass_console
def accounts(console: Console, brand_id: str) -> CommandResult:
    """Show a brand's own accounts: all that was debited and credited to each, and the difference."""
    with read_session(console.databases.main) as session:
        brand = get_brand(session, brand_id)
        totals = brand_account_totals(session, brand.id)
        former = former_bookings_minor(session, brand.id, "paid_by_hand")
    found = [
        _account_json(each, former.get(each.currency, 0) if each.kind == "funding" else 0) for each in totals
    ]
    return CommandResult(found, "\n".join(_account_text(each) for each in found) or "Nothing was booked yet.")


def _account_json(totals: AccountTotals, former_minor: int) -> dict[str, Any]:
    """`former_minor`: payments by hand of earlier versions among the credits. They are null where it is 0."""
    return {
        "account": totals.kind,
        "debits": Money(totals.debits_minor, totals.currency).as_json(),
        "credits": Money(totals.credits_minor, totals.currency).as_json(),
        "balance": Money(totals.debits_minor - totals.credits_minor, totals.currency).as_json(),
        "former_payments_by_hand": Money(former_minor, totals.currency).as_json() if former_minor else None,
        "note": _FORMER_PAYMENTS if former_minor else None,
    }


def _account_text(each: dict[str, Any]) -> str:
    debits, credits_, balance = (Money(**each[name]) for name in ("debits", "credits", "balance"))
    text = f"{each['account']}: {debits} debited, {credits_} credited, debits less credits {balance}"
    if each["note"] is None:
        return text
    return f"{text}\n  {Money(**each['former_payments_by_hand'])} of the credits: {each['note']}"


@ledger_commands.command("balances")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@pass_console
def balances(console: Console, brand_id: str) -> CommandResult:
    """Show what a brand owes its creators: held, payable, in transit."""
    found: list[dict[str, Any]] = []
    with read_session(console.databases.main) as session:
        brand = get_brand(session, brand_id)
        for currency in currencies_of(session, brand.id):
            of_creators = creator_balances(session, brand.id, currency)
            names = creator_names(session, list(of_creators))
            for creator_id, balance in of_creators.items():
                found.append(
                    {
                        "creator": creator_id,
                        "name": names[creator_id],
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
