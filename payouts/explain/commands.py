"""The command that explains one order."""

import click

from config.database import read_session
from payouts.explain.order import as_text, explain
from tracker.console import CommandResult, Console, ConsoleCommand, pass_console


@click.command("explain", cls=ConsoleCommand)
@click.argument("order_id", metavar="ORDER")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@pass_console
def explain_command(console: Console, order_id: str, brand_id: str) -> CommandResult:
    """Show the history of an order: event, click, attribution, commission, statement, transfer."""
    with read_session(console.databases.main) as session:
        explanations = explain(session, brand_id, order_id)
    return CommandResult(explanations, "\n\n".join(as_text(explanation) for explanation in explanations))


COMMANDS = (explain_command,)
