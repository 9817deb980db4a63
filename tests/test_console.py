"""Behaviour of every command: help, --json, --pick, plain errors and exit codes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from config.database import Databases
from config.settings import Settings
from payouts.cli import main
from payouts.ledger.models import Chain
from tests.cast.api import Terminal
from tests.harness import ROOT
from tests.harness.commands import EVERY_COMMAND
from tracker.console import CommandResult, ConsoleCommand
from tracker.errors import Conflict, Fault, Invalid, NotFound, NotNow

UNKNOWN_ID = "brd_01a05cd72a007022a27f093c105fcd8a"


def paths(group: click.Group = main, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            yield from paths(command, (*before, name))
        else:
            yield (*before, name)


PATHS = sorted(paths())


def run(*arguments: str, **variables: str) -> Result:
    return CliRunner(env=variables).invoke(main, arguments)


def run_in_process(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LINKLEDGER_")}
    return subprocess.run(
        [sys.executable, "-c", "from payouts.cli import main; main()", *arguments],
        env=inherited | {f"LINKLEDGER_{name}": value for name, value in variables.items()},
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


@pytest.fixture
def linkledger(settings: Settings, databases: Databases) -> Terminal:
    return Terminal(settings, EVERY_COMMAND)


@pytest.fixture
def home_only(tmp_path: Path) -> dict[str, str]:
    return {"LINKLEDGER_HOME": str(tmp_path / "home"), "LINKLEDGER_DATABASE_URL": ""}


def test_the_required_commands_exist() -> None:
    wanted = """migrate serve scheduler demo work check explain backup restore
        brand.create program.create creator.create enroll link.create source.create
        statement.close statement.show statement.approve statement.export
        payout.preview payout.run payout.retry"""
    assert {tuple(each.split(".")) for each in wanted.split()} <= set(PATHS)


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_has_help_json_and_pick_and_rejects_unknown_options(path: tuple[str, ...]) -> None:
    shown = run(*path, "--help")
    assert shown.exit_code == 0
    usage, _, rest = shown.output.partition("\n\n")
    assert "linkledger" in usage or "main" in usage
    assert len(rest.strip().splitlines()[0]) > 10
    assert "--json" in shown.output
    assert "--pick" in shown.output
    refused = run(*path, "--no-such-option", "--json")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--no-such-option" in refused.stderr


def test_help_needs_no_database_and_creates_no_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = run_in_process("--help", HOME=str(home), DATABASE_URL="mysql://nowhere", BIND="x")
    assert (done.returncode, done.stderr) == (0, "")
    wrong = {"LINKLEDGER_HOME": str(home), "LINKLEDGER_DATABASE_URL": "mysql://nowhere"}
    for arguments, code in (
        ((), 2),
        (("-h",), 0),
        (("payout", "--help"), 0),
        (("payout", "run", "--help"), 0),
    ):
        assert run(*arguments, **wrong).exit_code == code
    assert not home.exists()


def test_help_describes_every_command() -> None:
    shown = run("--help").output
    assert "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a check found a fault" in " ".join(shown.split())
    shown = shown.partition("Commands:")[2]
    for name in {path[0] for path in PATHS}:
        (line,) = [each for each in shown.splitlines() if each.startswith(f"  {name} ")]
        assert len(line.split(maxsplit=1)[1]) > 15, line


def test_every_reading_command_prints_exactly_one_json_value(linkledger: Terminal) -> None:
    brand = linkledger.ask("brand", "create", "Teas", "--currency", "EUR", "--timezone", "UTC")["id"]
    brand_commands = ("payout preview", "payout run", "payout list", "ledger balances")
    for command in ("check", "work", "brand list", "creator list", *brand_commands):
        arguments = (*command.split(), *(("--brand", brand) if command in brand_commands else ()))
        result = linkledger.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        json.loads(result.stdout)
        assert len(result.stdout.splitlines()) == 1


def test_errors_are_one_line_on_stderr(linkledger: Terminal) -> None:
    for arguments in (
        ("statement", "close", "--brand", UNKNOWN_ID, "--period", "2026-10"),
        ("statement", "show", "--brand", "nonsense", "--period", "2026-10"),
        ("payout", "run", "--brand", UNKNOWN_ID),
        ("payout", "retry", "pay_nothing"),
        ("payout", "show", ""),
        ("explain", "1001", "--brand", UNKNOWN_ID),
        ("commission", "hold", "com_nothing", "--reason", "other"),
        ("work", "--as-of", "tomorrow"),
        ("work", "--as-of", "2001-01-01"),
        ("sandbox", "fund", "--amount-minor", "5", "--currency", "EURO"),
    ):
        message = linkledger.refused(*arguments)
        assert message.startswith("linkledger: "), message
        assert len(message.splitlines()) == 1
        assert "Traceback" not in message


def test_an_invalid_period_is_rejected(linkledger: Terminal) -> None:
    brand = linkledger.ask("brand", "create", "Teas", "--currency", "EUR", "--timezone", "Asia/Tokyo")["id"]
    for period in ("9999-12", "0001-01", "10000-01", "2026-1", "२०२६-१०", "-", "W", "2026-W"):
        for command in ("close", "show", "approve", "export"):
            result = linkledger.run("statement", command, "--brand", brand, "--period", period)
            assert result.exit_code in (1, 2), result.output
            assert result.stderr.startswith("linkledger: ")


def test_an_amount_above_the_database_limit_is_rejected(linkledger: Terminal) -> None:
    brand = linkledger.ask("brand", "create", "Teas", "--currency", "EUR", "--timezone", "UTC")["id"]
    options = ("--brand", brand, "--reason", "x", "--key", "k", "--amount-minor")
    assert "amount" in linkledger.refused("ledger", "book", "deposit", *options, str(10**30))
    assert "amount" in linkledger.refused(
        "sandbox", "fund", "--currency", "EUR", "--amount-minor", str(10**30)
    )


@pytest.mark.parametrize(
    ("error", "code"), [(Invalid, 2), (NotFound, 2), (Conflict, 2), (NotNow, 1), (Fault, 3)]
)
def test_each_domain_error_has_its_exit_code(error: type[Exception], code: int) -> None:
    @click.command("fail", cls=ConsoleCommand)
    def fail() -> CommandResult:
        raise error("It did not work, because.")

    done = CliRunner().invoke(fail, ["--json"])
    assert (done.exit_code, done.stdout, done.stderr) == (code, "", "linkledger: It did not work, because.\n")


VALUE = {"id": "brd_1", "amount": {"minor": 5, "currency": "EUR"}, "list": [{"x": True}, None], "none": None}


@pytest.mark.parametrize(
    ("path", "printed"),
    [
        ("id", "brd_1"),
        ("amount.minor", "5"),
        ("amount", '{"minor": 5, "currency": "EUR"}'),
        ("list.0.x", "true"),
        ("list.1", "null"),
        ("none", "null"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_pick_prints_one_field(path: str, printed: str, more: tuple[str, ...]) -> None:
    done = show("--pick", path, *more)
    assert (done.exit_code, done.stdout) == (0, f"{printed}\n")


@pytest.mark.parametrize("path", ["name", "amount.nothing", "list.2", "list.x", "id.0", "none.x", "", "."])
def test_picking_a_missing_field_is_wrong_usage(path: str) -> None:
    done = show("--pick", path)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "has no field" in done.stderr


def show(*arguments: str) -> Result:
    @click.command("show", cls=ConsoleCommand)
    def command() -> CommandResult:
        return CommandResult(VALUE, "words")

    return CliRunner().invoke(command, arguments)


def test_without_json_the_text_is_printed() -> None:
    assert show().stdout == "words\n"


def test_json_output_is_not_ascii_escaped(linkledger: Terminal) -> None:
    made = linkledger.run(
        "brand", "create", "Tee & Ölé 茶", "--currency", "EUR", "--timezone", "UTC", "--json"
    )
    assert "Tee & Ölé 茶" in made.stdout


def test_invalid_settings_are_one_line_each(home_only: dict[str, str]) -> None:
    wrong = {"LINKLEDGER_BIND": "x", "LINKLEDGER_WORKERS": "many"}
    for command in (("check",), ("migrate",), ("brand", "list"), ("serve",)):
        done = run(*command, "--json", **home_only, **wrong)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) == 2
        assert "LINKLEDGER_BIND: must be HOST:PORT" in done.stderr
        assert "LINKLEDGER_WORKERS: " in done.stderr


def test_a_database_without_tables_names_the_migrate_command(home_only: dict[str, str]) -> None:
    done = run("check", "--json", **home_only)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "run: linkledger migrate" in done.stderr
    migrated = run("migrate", "--json", **home_only)
    assert [each["from"] for each in json.loads(migrated.stdout)] == [None, None]
    again = json.loads(run("migrate", "--json", **home_only).stdout)
    assert all(each["from"] == each["to"] for each in again)
    assert run("check", "--json", **home_only).exit_code == 0


def test_an_unreachable_database_is_reported_without_its_password(home_only: dict[str, str]) -> None:
    nowhere = {"LINKLEDGER_DATABASE_URL": "postgresql://ledger:hunter2@127.0.0.1:1/ledger"}
    for command in (("check",), ("migrate",)):
        done = run(*command, "--json", **(home_only | nowhere))
        assert (done.exit_code, done.stdout) == (1, "")
        assert "LINKLEDGER_DATABASE_URL" in done.stderr
        assert "hunter2" not in done.stderr
        assert "Traceback" not in done.output


def test_a_file_that_is_not_a_database_is_reported(tmp_path: Path, home_only: dict[str, str]) -> None:
    file = tmp_path / "ledger.db"
    file.write_text("this is not a database, but it is long enough to be read as the header of one" * 50)
    done = run("check", "--json", **(home_only | {"LINKLEDGER_DATABASE_URL": f"sqlite:///{file}"}))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("linkledger: ")


def test_a_check_that_finds_a_fault_exits_with_3_and_still_prints_json(
    linkledger: Terminal, databases: Databases
) -> None:
    brand = linkledger.ask("brand", "create", "Teas", "--currency", "EUR", "--timezone", "UTC")["id"]
    linkledger.ask(
        "ledger", "book", "deposit", "--brand", brand, "--amount-minor", "5", "--reason", "x", "--key", "k"
    )
    with databases.main.begin() as connection:
        connection.execute(Chain.__table__.update().values(seq=7))  # type: ignore[attr-defined]
    done = linkledger.run("check", "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    assert (done.exit_code, found["ok"]) == (3, False)
    assert [each["ok"] for each in found["checks"]].count(False) == 1
    for_people = linkledger.run("check")
    assert for_people.exit_code == 3
    assert "FAULT" in for_people.stdout
