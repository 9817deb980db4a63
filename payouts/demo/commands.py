"""The command that creates the demo and serves it."""

from functools import partial

import click

from payouts.demo.home import demo_settings, prepare, reset
from payouts.processes.addresses import require_address_free
from payouts.processes.supervisor import exec_serve
from tracker.console import CommandResult, Console, ConsoleCommand, pass_console


@click.command("demo", cls=ConsoleCommand)
@click.option("--bind", metavar="HOST:PORT", help="Default: LINKLEDGER_BIND")
@click.option(
    "--reset", "reset_first", is_flag=True, help="Delete the demo first. Real data is never touched."
)
@click.option("--seed-only", is_flag=True, help="Create the demo, but do not serve it.")
@pass_console
def demo_command(console: Console, bind: str | None, reset_first: bool, seed_only: bool) -> CommandResult:
    """Try Linkledger with an invented brand, its shop, its creators, and two months of history."""
    settings = demo_settings(bind)
    if not seed_only:
        require_address_free(settings.bind)
        require_address_free(settings.edge_bind)
    if reset_first:
        reset(settings, console.say)
        settings = demo_settings(bind)
    prepare(settings, console.now, console.say)
    settings = demo_settings(bind)
    value = {"home": str(settings.home), "url": f"{settings.web_url}/"}
    if seed_only:
        return CommandResult(value, f"The demo is ready in {settings.home}")
    console.say("")
    console.say(f"  Open:  {settings.web_url}/")
    console.say(f"  Files: {settings.home} (start again from scratch with: linkledger demo --reset)")
    console.say("  Stop with Ctrl-C.")
    console.say("")
    return CommandResult(value, " ", after_output=partial(exec_serve, settings))


COMMANDS = (demo_command,)
