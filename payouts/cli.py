"""The command line: the commands of all packages under one name.

Nothing but click is imported before a command runs: help is written from `payouts/command_table.py`.
"""

from importlib import import_module
from typing import Any

import click

from config.garbage_collection import tune_gc
from payouts.command_table import COMMANDS, GROUPS

Path = tuple[str, ...]
"""The words by which a command or a group is called, such as ("payout", "returned", "list")."""


class LazyGroup(click.Group):
    """A group of the table, with the commands and groups below its path. It imports only what is run."""

    def __init__(self, *arguments: Any, path: Path = (), **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.path = path

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(words[-1] for words in map(_path, _help_lines()) if words[:-1] == self.path)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = " ".join((*self.path, cmd_name))
        if name in GROUPS:
            return LazyGroup(cmd_name, path=_path(name), help=GROUPS[name])
        return load_command(name) if name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Like click's, which would import every command for the line that the table has."""
        names, lines = self.list_commands(ctx), _help_lines()
        width = formatter.width - 6 - max(map(len, names))
        listed = [click.Command(name, help=lines[" ".join((*self.path, name))]) for name in names]
        with formatter.section("Commands"):
            formatter.write_dl([(each.name or "", each.get_short_help_str(width)) for each in listed])


class RootGroup(LazyGroup):
    """All commands."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        tune_gc()
        return super().main(*arguments, **options)


def load_command(name: str) -> click.Command:
    """Import the module of a command of the table, such as "payout list"."""
    module, _, attribute = COMMANDS[name].place.partition(":")
    command: click.Command = getattr(import_module(module), attribute)
    return command


def _path(name: str) -> Path:
    return tuple(name.split())


def _help_lines() -> dict[str, str]:
    return GROUPS | {name: command.help for name, command in COMMANDS.items()}


@click.group(
    cls=RootGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="linkledger", prog_name="linkledger")
def main() -> None:
    """Affiliate links, commissions and payouts, with books that balance.

    Every command takes --json. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a check found a fault.
    """
    # Imported here, because help needs no logs and structlog takes longer to import than all of this module.
    import_module("config.logs").configure_logs(production=False)
