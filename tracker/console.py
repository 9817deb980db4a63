"""The base of all CLI commands: results on stdout (with --json one value), the rest on stderr, plain errors.

A command is a function that takes a Console and its own parameters and returns a CommandResult or a JSON
value.
"""

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import click
from sqlalchemy.exc import DatabaseError, OperationalError

from config.database import Databases, open_databases
from config.locking.turns import Turn
from config.schema import SchemaMismatch, require_current_schema
from config.settings import Settings, SettingsError, load_settings
from tracker.errors import Invalid, LinkledgerError

FAILED = 1
WRONG_USAGE = 2
CHECK_FOUND_FAULT = 3


@dataclass(frozen=True)
class CommandResult:
    """The result of a command: `value` for --json, `text` for people."""

    value: Any
    text: str = ""
    exit_code: int = 0
    after_output: Callable[[], object] | None = None
    """Called after the output is printed."""
    pieces: Callable[[], Iterable[str]] | None = None
    """The text for people in pieces, instead of `text`, where it may be too large for memory."""
    load: Callable[[], Any] | None = None
    """The value for --json, instead of `value`, where it is needed only for that."""


class Console:
    """Settings, databases and time of one command, each created on first use."""

    @cached_property
    def settings(self) -> Settings:
        return load_settings()

    def settings_with(self, **overrides: Any) -> Settings:
        """The settings, replaced by those options of the command line that are not None."""
        present = {name: value for name, value in overrides.items() if value is not None}
        return load_settings(**present) if present else self.settings

    @cached_property
    def databases(self) -> Databases:
        """Raises SchemaMismatch when the database is not at this version's schema."""
        return self._open_databases(Turn.PEOPLE)

    @cached_property
    def job_databases(self) -> Databases:
        """The same for a command that writes in many batches: webhooks and people go before it."""
        return self._open_databases(Turn.JOBS)

    def _open_databases(self, turn: Turn) -> Databases:
        databases = open_databases(self.settings, turn)
        require_current_schema(databases)
        return databases

    @cached_property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def say(self, line: str) -> None:
        """Print a progress line for people, on stderr."""
        click.echo(line, err=True)


class ConsoleCommand(click.Command):
    """A command with --json and --pick. It reports errors as plain sentences and with defined exit codes."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.params.append(click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON value."))
        self.params.append(click.Option(["--pick"], metavar="FIELD", help="Print one field of the JSON."))

    def invoke(self, context: click.Context) -> None:
        as_json = context.params.pop("as_json")
        pick = context.params.pop("pick")
        try:
            _require_utf8(context)
            value = super().invoke(context)
            result = value if isinstance(value, CommandResult) else CommandResult(value)
            _print(result, as_json, pick)
            if result.after_output is not None:
                result.after_output()
        except LinkledgerError as error:
            _exit_with_error(str(error), error.exit_code)
        except SettingsError as error:
            _exit_with_error(str(error), WRONG_USAGE)
        except SchemaMismatch as error:
            _exit_with_error(str(error), FAILED)
        except DatabaseError as error:
            if not isinstance(error, OperationalError) and type(error) is not DatabaseError:
                raise  # an error in our code, for example a violated constraint or invalid SQL
            _exit_with_error(
                f"The database cannot be used: {error.orig}. Check LINKLEDGER_DATABASE_URL.", FAILED
            )
        context.exit(result.exit_code)


class ConsoleGroup(click.Group):
    """A group whose commands are ConsoleCommands."""

    command_class = ConsoleCommand
    group_class = type


pass_console: Callable[[Any], Any] = click.make_pass_decorator(Console, ensure=True)


def _require_utf8(context: click.Context) -> None:
    """Raise Invalid for arguments that are not UTF-8: they arrive as surrogates, which cannot be stored."""
    for parameter in context.command.params:
        if isinstance(parameter.type, click.Path | click.File):
            continue  # file names may have any bytes that the system allows
        value = context.params.get(parameter.name or "")
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, str) and each.encode(errors="ignore").decode() != each:
                raise Invalid(f"{parameter.human_readable_name}: {ascii(each)} is not valid UTF-8.")


def _print(result: CommandResult, as_json: bool, pick: str | None) -> None:
    if pick is not None:
        click.echo(_pick_field(_value(result), pick))
    elif as_json:
        click.echo(json.dumps(_value(result), ensure_ascii=False))
    elif result.pieces is not None:
        for piece in result.pieces():
            click.echo(piece, nl=False)
    elif result.text or result.value is not None:
        click.echo(result.text or json.dumps(result.value, ensure_ascii=False, indent=2))


def _value(result: CommandResult) -> Any:
    return result.value if result.load is None else result.load()


def _pick_field(value: Any, path: str) -> str:
    """The field at a dotted path, such as "amount.minor" or "0.id"."""
    for step in path.split("."):
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, ValueError, TypeError):
            _exit_with_error(f"--pick {path}: the result has no field {step!r}.", WRONG_USAGE)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _exit_with_error(message: str, exit_code: int) -> None:
    click.echo(f"linkledger: {message}", err=True)
    sys.exit(exit_code)
