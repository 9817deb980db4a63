"""All commands and groups of `linkledger`, for terminals of tests."""

import click

from payouts.cli import main


def _every_command() -> tuple[click.Command, ...]:
    context = click.Context(main)
    found = [main.get_command(context, name) for name in main.list_commands(context)]
    return tuple(command for command in found if command is not None)


EVERY_COMMAND = _every_command()
