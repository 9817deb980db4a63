"""The command line: the commands of all packages under one name."""

from importlib import import_module
from typing import Any

import click

from config.garbage_collection import tune_gc
from config.logs import configure_logs
from tracker.console import Console

COMMAND_MODULES = {
    "payouts.migrate_command": ("migrate",),
    "payouts.processes.commands": ("serve", "scheduler"),
    "payouts.processes.work_command": ("work",),
    "payouts.selfcheck.commands": ("check",),
    "payouts.explain.commands": ("explain",),
    "payouts.demo.commands": ("demo",),
    "tracker.people.accounts.commands": ("user", "member"),
    "payouts.ledger.brand_commands": ("brand",),
    "tracker.people.keys.commands": ("key",),
    "tracker.programs.commands": ("program", "enroll", "link", "domain"),
    "tracker.clicks.commands": ("click",),
    "tracker.sales.commands": ("source", "sale"),
    "tracker.sales.attribution.commands": ("replay",),
    "tracker.sales.suspicion.commands": ("suspicion",),
    "payouts.ledger.commands": ("ledger",),
    "payouts.statements.commands": ("statement", "commission"),
    "payouts.statements.creator_commands": ("creator",),
    "payouts.statements.decisions.credit_commands": ("credit",),
    "payouts.transfers.commands": ("payout",),
    "payouts.transfers.rail_commands": ("payee", "sandbox"),
    "payouts.backup.commands": ("backup", "restore"),
}
"""Commands by module. A module is imported when one of its commands is used, so that the CLI starts fast."""


class LazyCommands(click.Group):
    """Imports only the module of the command that is run; --help imports all."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        tune_gc()
        return super().main(*arguments, **options)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(name for names in COMMAND_MODULES.values() for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for module, names in COMMAND_MODULES.items():
            if cmd_name in names:
                return next(each for each in commands_of(module) if each.name == cmd_name)
        return None


def commands_of(module: str) -> tuple[click.Command, ...]:
    """The commands that a module defines, by the module's name."""
    found: tuple[click.Command, ...] = import_module(module).COMMANDS
    return found


@click.group(
    cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="linkledger", prog_name="linkledger")
@click.pass_context
def main(context: click.Context) -> None:
    """Affiliate links, commissions and payouts, with books that balance.

    Every command takes --json. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a check found a fault.
    """
    configure_logs(production=False)
    context.obj = Console()
