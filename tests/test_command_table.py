"""The table of commands is complete and true, and help imports no command."""

import resource
import subprocess
import sys
from importlib import import_module
from typing import Any

import click
import pytest

from payouts.cli import load_command
from payouts.command_table import COMMANDS, GROUPS
from tests.harness import ROOT

LONG = 10_000
"""More characters than the first sentence of any help has."""


def all_of(kind: type[click.Command]) -> dict[str, click.Command]:
    """All commands or groups that modules of the product define, by "module:attribute"."""
    paths = sorted(path.relative_to(ROOT).with_suffix("") for path in ROOT.glob("*/**/*command*.py"))
    names = [".".join(path.parts) for path in paths if path.parts[0] in ("tracker", "payouts")]
    return {
        f"{name}:{attribute}": value
        for name in names
        for attribute, value in vars(import_module(name)).items()
        if isinstance(value, kind) and is_defined_in(name, value)
    }


def is_defined_in(module: str, command: click.Command) -> bool:
    """Not where it is only imported. A command's callback may be wrapped, so its own module is looked up."""
    callback: Any = command.callback
    while hasattr(callback, "__wrapped__"):
        callback = callback.__wrapped__
    return callback is not None and callback.__module__ == module


def modules_loaded_by(*arguments: str) -> set[str]:
    """The modules that `linkledger` has loaded when it ends."""
    program = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules)); from payouts.cli import main; "
    )
    shown = subprocess.run(
        [sys.executable, "-c", program + "main()", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return set(shown.stdout.splitlines()[-1].split())


def test_every_command_is_listed_once() -> None:
    commands = {place for place, each in all_of(click.Command).items() if not isinstance(each, click.Group)}
    assert sorted(each.place for each in COMMANDS.values()) == sorted(commands)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_line_of_a_command_is_its_own(name: str) -> None:
    command = load_command(name)
    assert (command.name, command.get_short_help_str(LONG)) == (name.split()[-1], COMMANDS[name].help)


def test_the_help_line_of_a_group_is_its_own() -> None:
    own = {each.name: each.get_short_help_str(LONG) for each in all_of(click.Group).values()}
    assert own == {name.split()[-1]: help for name, help in GROUPS.items()}


def test_every_command_is_below_a_listed_group() -> None:
    above = {" ".join(name.split()[:-1]) for name in (*COMMANDS, *GROUPS)}
    assert above == {"", *GROUPS}


@pytest.mark.parametrize("arguments", [("--help",), ("payout", "--help"), ("payout", "returned", "--help")])
def test_help_imports_no_command(arguments: tuple[str, ...]) -> None:
    loaded = modules_loaded_by(*arguments)
    assert "payouts.command_table" in loaded
    assert not loaded & {"sqlalchemy", "pydantic", "flask", "tracker.console", "payouts.transfers.commands"}


def test_a_command_imports_only_its_own_module() -> None:
    loaded = modules_loaded_by("brand", "list", "--help")
    assert "tracker.programs.brand_commands" in loaded
    assert not loaded & {"flask", "stripe", "payouts.ledger.brand_commands", "payouts.transfers.sending.run"}


def test_help_takes_little_cpu_time() -> None:
    """A twentieth of a second on an idle machine; importing all commands took a second more."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    modules_loaded_by("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3
