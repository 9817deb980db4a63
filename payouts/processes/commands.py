"""Commands that start processes. They import no pages and no jobs: each process imports its own part."""

from functools import partial
from importlib import import_module

import click
from sqlalchemy import inspect

from config.database import open_databases, read_session, transact
from config.settings import Settings
from payouts.processes.addresses import require_address_free
from payouts.processes.supervisor import serve as serve_processes
from tracker.console import CommandResult, Console, ConsoleCommand, pass_console
from tracker.people.installation.commands import setup_url
from tracker.people.installation.mode import rail_settings, require_fitting_rail
from tracker.people.installation.setup_link import make_setup_link, nobody_is_there

MIGRATE_MODULE = "config.migrate"
"""Loaded only for an empty database: alembic is slow to import."""


@click.command("serve", cls=ConsoleCommand)
@click.option("--bind", metavar="HOST:PORT", help="Default: LINKLEDGER_BIND")
@click.option("--workers", type=int, help="Default: LINKLEDGER_WORKERS")
@click.option("--edge-bind", metavar="HOST:PORT", help="Default: LINKLEDGER_EDGE_BIND")
@click.option("--only", type=click.Choice(["edge", "web", "scheduler"]), help="Start only this process.")
@pass_console
def serve_command(
    console: Console, bind: str | None, workers: int | None, edge_bind: str | None, only: str | None
) -> CommandResult:
    """Serve redirects, pages and webhooks, and run the scheduler, until Ctrl-C."""
    settings = console.settings_with(bind=bind, workers=workers, edge_bind=edge_bind)
    if only in (None, "web"):
        _migrate_empty(console)
    _check_databases(console, settings)
    for name, address, option in (
        ("web", settings.bind, "--bind"),
        ("edge", settings.edge_bind, "--edge-bind"),
    ):
        if only in (None, name):
            require_address_free(address, option)
    messages = {
        "scheduler": "The scheduler is running",
        "edge": f"Short links are served at {settings.link_url}",
        "web": f"Linkledger is at {settings.web_url}",
        None: f"Linkledger is at {settings.web_url}, its short links at {settings.link_url}",
    }
    console.say(f"{messages[only]} (stop with Ctrl-C)")
    if only in (None, "web"):
        _say_setup_link(console, settings)
    code = serve_processes(settings, only=only)
    return CommandResult(None, exit_code=code)


def _migrate_empty(console: Console) -> None:
    """Create the tables in a database that has none. Any other is left to `linkledger migrate`."""
    databases = open_databases(console.settings)
    try:
        if not any(inspect(engine).get_table_names() for engine in (databases.main, databases.clicks)):
            console.say("The database is empty: creating the tables.")
            import_module(MIGRATE_MODULE).upgrade(databases)
    finally:
        databases.close()


def _check_databases(console: Console, settings: Settings) -> None:
    """Report a wrong schema or rail before anything starts."""
    try:
        with read_session(console.databases.main) as session:
            require_fitting_rail(session, rail_settings(settings))
    finally:
        console.databases.close()


def _say_setup_link(console: Console, settings: Settings) -> None:
    """Print a new set-up link while nobody is there."""
    try:
        with read_session(console.databases.main) as session:
            if not nobody_is_there(session):
                return
        token = transact(console.databases.main, partial(make_setup_link, now=console.now))
    finally:
        console.databases.close()
    console.say("Nobody is there yet. Set it up in the browser; this link works once, within one hour:")
    console.say(f"  {setup_url(settings.web_url, token)}")


@click.command("scheduler", cls=ConsoleCommand)
@pass_console
def scheduler_command(console: Console) -> CommandResult:
    """Run only the scheduler: the same as serve --only scheduler."""
    console.databases.close()  # opened first, so that a wrong schema is reported before anything starts
    code = serve_processes(console.settings, only="scheduler")
    return CommandResult(None, exit_code=code)


COMMANDS = (serve_command, scheduler_command)
