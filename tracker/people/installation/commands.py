"""The command that makes a set-up link, and the lines that show it."""

from functools import partial

import click

from config.database import transact
from tracker.console import CommandResult, Console, ConsoleCommand, pass_console
from tracker.people.installation.rules import LINK_LIFETIME
from tracker.people.installation.setup_link import make_setup_link
from tracker.times import format_utc

SETUP_PATH = "/app/setup/link/"


def setup_url(web_url: str, token: str) -> str:
    return f"{web_url}{SETUP_PATH}{token}"


@click.command("setup-link", cls=ConsoleCommand)
@pass_console
def setup_link_command(console: Console) -> CommandResult:
    """Make a new link for the set-up in the browser, while nobody is there. The former link ends."""
    token = transact(console.databases.main, partial(make_setup_link, now=console.now))
    url = setup_url(console.settings.web_url, token)
    value = {"url": url, "expires_at": format_utc(console.now + LINK_LIFETIME)}
    return CommandResult(value, f"{url}\nIt can be opened once, within one hour.")


COMMANDS = (setup_link_command,)
