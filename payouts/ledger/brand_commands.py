"""The command `brand`, with the change of a brand's rules, which depends on its periods."""

from typing import Any

import click
from sqlalchemy.orm import Session

from config.database import transact
from payouts.ledger.rules_changes import change_rules
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleCommand, pass_console
from tracker.errors import Invalid
from tracker.people.accounts import rules
from tracker.people.accounts.operations import get_brand
from tracker.people.accounts.rules_versions import set_minimum
from tracker.programs.brand_commands import brand_commands, brand_result

ACTOR = command_line("brand edit")
OFF = "off"


@click.command("edit", cls=ConsoleCommand)
@click.argument("brand_id", metavar="ID")
@click.option("--cadence", type=click.Choice(rules.CADENCES), help="From the next period on.")
@click.option("--timezone", metavar="NAME", help="IANA name, such as Europe/Berlin. From the next period on.")
@click.option("--review-days", type=int, metavar="N", help="For the next drafts.")
@click.option(
    "--approve-without-notice/--approve-with-notice",
    default=None,
    help="Whether a draft approves itself although no mail server has accepted the notice about it.",
)
@click.option(
    "--second-person-above-minor",
    metavar="N|off",
    help="Above this amount two persons approve a statement, and silence never does.",
)
@click.option("--minimum-minor", type=int, metavar="N", help="Smallest payout, for the next drafts.")
@click.option("--currency", help="Of --minimum-minor.  [default: the brand's own]")
@pass_console
def edit_brand(
    console: Console, brand_id: str, minimum_minor: int | None, currency: str | None, **options: Any
) -> CommandResult:
    """Change a brand's calendar, review or minimum payouts. Periods and statements that exist keep theirs."""
    changes = {name: value for name, value in options.items() if value is not None}
    if (limit := changes.get("second_person_above_minor")) is not None:
        changes["second_person_above_minor"] = _limit(limit)
    if currency is not None and minimum_minor is None:
        raise Invalid("--currency belongs to --minimum-minor; give both.")
    if not changes and minimum_minor is None:
        raise Invalid("Say what to change; see: linkledger brand edit --help")

    def edit(session: Session) -> CommandResult:
        if changes:
            change_rules(session, console.now, actor=ACTOR, brand_id=brand_id, **changes)
        if minimum_minor is not None:
            brand = get_brand(session, brand_id)
            set_minimum(
                session, console.now, brand, actor=ACTOR, minimum_minor=minimum_minor, currency=currency
            )
        return brand_result(session, console, brand_id)

    return transact(console.databases.main, edit)


def _limit(text: str) -> int | None:
    """The limit for one person in minor units; None for "off". Raises Invalid."""
    if text == OFF:
        return None
    if not text.isascii() or not text.isdigit():
        raise Invalid(f"--second-person-above-minor is {text!r}; give minor units, such as 100000, or off.")
    return int(text)


brand_commands.add_command(edit_brand)
COMMANDS = (brand_commands,)
