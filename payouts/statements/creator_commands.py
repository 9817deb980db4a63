"""The commands for creators, with the one that ends their part in programs: it holds what is not paid yet."""

import click
from sqlalchemy.orm import Session

from config.database import transact
from payouts.commissions.holds.ends import REMOVAL_DAYS
from payouts.statements.removal import remove_and_hold
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleCommand, pass_console
from tracker.programs.brand_commands import creator_commands
from tracker.programs.serializers import ended_enrollment_json


@click.command("remove", cls=ConsoleCommand)
@click.argument("creator_id", metavar="ID")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--program", "program_id", metavar="ID", help="From this program only.")
@click.option(
    "--for-cause",
    "cause",
    metavar="REASON",
    help="Earlier clicks earn nothing for later sales, and what is not paid yet is held for 30 days.",
)
@pass_console
def remove_command(
    console: Console, creator_id: str, brand_id: str, program_id: str | None, cause: str | None
) -> CommandResult:
    """Remove a creator: links and codes end. Earlier clicks earn until their window ends."""

    def remove(session: Session) -> CommandResult:
        ended, held = remove_and_hold(
            session,
            console.now,
            actor=command_line("creator remove"),
            brand_id=brand_id,
            creator_id=creator_id,
            program_id=program_id,
            cause=cause,
        )
        verb = "was removed for cause from" if cause is not None else "left"
        lines = [f"{creator_id} {verb} {each.program_id}" for each in ended]
        if held:
            lines.append(
                f"Unpaid commissions held for {REMOVAL_DAYS} days: {len(held)}. Decline or release each of "
                f"them; see linkledger commission held --brand {brand_id}"
            )
        return CommandResult([ended_enrollment_json(each) for each in ended], "\n".join(lines))

    return transact(console.databases.main, remove)


creator_commands.add_command(remove_command)
COMMANDS = (creator_commands,)
