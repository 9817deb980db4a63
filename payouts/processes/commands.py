"""Commands that start processes. They import no pages and no jobs: each process imports its own part."""

import click

from payouts.processes.addresses import require_address_free
from payouts.processes.supervisor import serve as serve_processes
from tracker.console import CommandResult, Console, ConsoleCommand, pass_console


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
    console.databases.close()  # opened first, so that a wrong schema is reported before anything starts
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
    code = serve_processes(settings, only=only)
    return CommandResult(None, exit_code=code)


@click.command("scheduler", cls=ConsoleCommand)
@pass_console
def scheduler_command(console: Console) -> CommandResult:
    """Run only the scheduler: the same as serve --only scheduler."""
    console.databases.close()  # opened first, so that a wrong schema is reported before anything starts
    code = serve_processes(console.settings, only="scheduler")
    return CommandResult(None, exit_code=code)


COMMANDS = (serve_command, scheduler_command)
