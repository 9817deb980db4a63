"""Commands that show and change a brand's settings for the signals of suspicion."""

import click

from config.database import read_session, transact
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleGroup, pass_console
from tracker.people.accounts.operations import get_brand
from tracker.sales.suspicion.rules import SETTINGS
from tracker.sales.suspicion.settings import SuspicionSettings, set_suspicion, suspicion_settings

_brand = click.option("--brand", "brand_id", required=True, metavar="ID")


@click.group("suspicion", cls=ConsoleGroup)
def suspicion_commands() -> None:
    """Suspicion: which sales are held for a person to decide. See: linkledger commission held"""


@suspicion_commands.command("show")
@_brand
@pass_console
def show(console: Console, brand_id: str) -> CommandResult:
    """Show a brand's setting for each signal."""
    with read_session(console.databases.main) as session:
        brand = get_brand(session, brand_id)
        return _result(suspicion_settings(session, [brand.id])[brand.id])


@suspicion_commands.command("set")
@click.argument("signal", type=click.Choice(list(SETTINGS)))
@click.argument("setting", metavar="SETTING")
@_brand
@pass_console
def set_signal(console: Console, signal: str, setting: str, brand_id: str) -> CommandResult:
    """Set whether sales found by SIGNAL are held (hold) or not (off), from now on. Existing holds stay.

    coupon_without_click also accepts if_linked: hold only when the code's owner has a link.
    many_sales accepts an integer: sales of one visitor are held when there are that many or more in a day.
    """
    actor = command_line("suspicion set")
    return _result(
        transact(
            console.databases.main,
            lambda s: set_suspicion(s, console.now, brand_id, signal, setting, actor=actor),
        ),
    )


def _result(settings: SuspicionSettings) -> CommandResult:
    width = max(map(len, settings))
    lines = [
        f"{signal:<{width}}  {setting:<9}  of {', '.join(SETTINGS[signal])}"
        for signal, setting in settings.items()
    ]
    return CommandResult(dict(settings), "\n".join(lines))


COMMANDS = (suspicion_commands,)
