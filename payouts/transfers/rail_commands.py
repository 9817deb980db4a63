"""Commands for the rail: connect creators to it, and control the sandbox."""

import click
from sqlalchemy.orm import Session

from config.database import read_session, transact
from payouts.settlement.reasons import PAYOUT_TEXTS, PayoutReason
from payouts.transfers.models import Payee
from payouts.transfers.payees import payee_of, record_payee_status, register_payee
from payouts.transfers.rail import open_rail
from payouts.transfers.sandbox.control import Control
from payouts.transfers.sandbox.store import Store
from payouts.transfers.stripe.amounts import to_rail_amount
from payouts.transfers.stripe.client import StripeRail
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleGroup, pass_console
from tracker.errors import Invalid, NotFound
from tracker.money import MAX_MINOR, Money
from tracker.people.accounts.operations import get_brand, get_creator
from tracker.reasons import Reason

_brand = click.option("--brand", "brand_id", required=True, metavar="ID")
_creator = click.option("--creator", "creator_id", required=True, metavar="ID")


@click.group("payee", cls=ConsoleGroup)
def payee_commands() -> None:
    """Payees: creators' accounts at the payment provider."""


@payee_commands.command("connect")
@_brand
@_creator
@pass_console
def connect(console: Console, brand_id: str, creator_id: str) -> CommandResult:
    """Create a creator's account at the payment provider, and a page where the creator completes it.

    The page's address works once and only for some minutes: give it to the creator now, and do not store it.
    """
    with read_session(console.databases.main) as session:
        get_brand(session, brand_id)
        creator = get_creator(session, creator_id)
        known = payee_of(session, brand_id, creator_id)
    back = f"{console.settings.web_url}/"
    with open_rail(console.settings) as rail:
        account_ref = (
            known.account_ref
            if known
            else rail.create_payee(creator.id, creator.email, creator.country, creator.name)
        )
        payee = transact(
            console.databases.main,
            lambda s: register_payee(
                s,
                console.now,
                actor=command_line("payee connect"),
                brand_id=brand_id,
                creator_id=creator_id,
                account_ref=account_ref,
            ),
        )
        url = None if _is_in_process_sandbox(console) else rail.onboarding_link(payee.account_ref, back, back)
    value = {"payee": payee.id, "account": payee.account_ref, "onboarding_url": url}
    if url is None:
        text = f"In the sandbox, complete {creator.name}'s account with: linkledger sandbox onboard"
    else:
        text = f"{creator.name} completes the account at {url}"
    return CommandResult(value, text)


@payee_commands.command("status")
@_brand
@_creator
@pass_console
def status(console: Console, brand_id: str, creator_id: str) -> CommandResult:
    """Ask the payment provider whether a creator can be paid."""
    with read_session(console.databases.main) as session:
        payee = _require_payee(session, brand_id, creator_id)
    with open_rail(console.settings) as rail:
        return _refresh_status(console, rail, payee)


@click.group("sandbox", cls=ConsoleGroup)
def sandbox_commands() -> None:
    """The sandbox, which replaces the payment provider when LINKLEDGER_RAIL=sandbox."""


@sandbox_commands.command("fund")
@click.option("--amount-minor", type=int, required=True, help="In minor units: 500000 is 5000.00 EUR.")
@click.option("--currency", required=True)
@pass_console
def fund(console: Console, amount_minor: int, currency: str) -> CommandResult:
    """Add play money to the sandbox's balance, from which payouts are sent."""
    if abs(amount_minor) > MAX_MINOR:
        raise Invalid(f"The amount may be at most {MAX_MINOR} minor units, not {amount_minor}.")
    control = _control(console)
    control.top_up(currency, to_rail_amount(amount_minor, currency))
    value = {"added": Money(amount_minor, currency).as_json()}
    return CommandResult(value, f"{Money(amount_minor, currency)} was added to the sandbox's balance.")


@sandbox_commands.command("onboard")
@_brand
@_creator
@pass_console
def onboard(console: Console, brand_id: str, creator_id: str) -> CommandResult:
    """Complete an account, as the creator would do on the provider's page."""
    with read_session(console.databases.main) as session:
        payee = _require_payee(session, brand_id, creator_id)
    _control(console).complete_onboarding(payee.account_ref)
    with open_rail(console.settings) as rail:
        return _refresh_status(console, rail, payee)


def _refresh_status(console: Console, rail: StripeRail, payee: Payee) -> CommandResult:
    found = rail.payee_status(payee.account_ref)
    transact(console.databases.main, lambda s: record_payee_status(s, console.now, payee.id, found))
    value = {
        "payee": payee.id,
        "account": payee.account_ref,
        "ready": found.ready,
        **PAYOUT_TEXTS.columns(found.block),
        "requirements": list(found.requirements),
    }
    return CommandResult(value, "Ready to be paid." if found.ready else f"Not ready: {found.reason}")


def _is_in_process_sandbox(console: Console) -> bool:
    """A sandbox that ends with this command cannot serve a page."""
    return console.settings.rail == "sandbox" and not console.settings.stripe_api_base


def _require_payee(session: Session, brand_id: str, creator_id: str) -> Payee:
    payee = payee_of(session, get_brand(session, brand_id).id, get_creator(session, creator_id).id)
    if payee is None:
        words = PAYOUT_TEXTS.words(Reason(PayoutReason.NOT_CONNECTED))
        raise NotFound(f"{creator_id}: {words}. Run: linkledger payee connect")
    return payee


def _control(console: Console) -> Control:
    if console.settings.rail != "sandbox":
        raise Invalid("LINKLEDGER_RAIL is not sandbox: there is no play money at a real payment provider.")
    if console.settings.stripe_api_base:
        raise Invalid(
            "The sandbox at LINKLEDGER_STRIPE_API_BASE is controlled at its own address, /_sandbox/."
        )
    return Control(Store(console.settings.home / "sandbox.db"))


COMMANDS = (payee_commands, sandbox_commands)
