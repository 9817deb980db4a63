"""The command line: every room's commands under one name."""

import click

import payouts.backup.commands
import payouts.commands
import payouts.demo.commands
import payouts.ledger.commands
import payouts.statements.commands
import payouts.transfers.commands
import payouts.transfers.rail_commands
import tracker.clicks.commands
import tracker.people.commands
import tracker.programs.commands
import tracker.sales.commands
from config.logs import configure_logs
from tracker.console import Console

ROOMS = (
    payouts.commands,
    payouts.demo.commands,
    tracker.people.commands,
    tracker.programs.commands,
    tracker.clicks.commands,
    tracker.sales.commands,
    payouts.ledger.commands,
    payouts.statements.commands,
    payouts.transfers.commands,
    payouts.transfers.rail_commands,
    payouts.backup.commands,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="linkledger", prog_name="linkledger")
@click.pass_context
def main(context: click.Context) -> None:
    """Affiliate links, commissions and payouts, with books that balance.

    Every command takes --json. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a check found a fault.
    """
    configure_logs(production=False)
    context.obj = Console()


for room in ROOMS:
    for command in room.COMMANDS:
        main.add_command(command)
