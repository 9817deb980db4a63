"""Invalid command line arguments: commands reject them with a plain sentence and without a traceback."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from threading import Thread

import pytest
from click.testing import Result
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from config.database import Databases, transact
from config.settings import Settings, SettingsError
from tests.cast.api import Terminal
from tests.cast.people import PERSON, add_brand_with_program
from tests.conftest import settings_for
from tests.harness.commands import EVERY_COMMAND
from tracker.people.accounts.operations import create_creator
from tracker.sales.sources.operations import create_source
from wsgi import create_app

INVALID_UTF8 = b"\xff".decode(errors="surrogateescape")
"""An argument that is not valid UTF-8, as Python passes it on."""

BOOK = ("ledger", "book", "bonus", "--brand", "BRAND", "--creator", "CREATOR", "--amount-minor", "5")
ARGUMENTS = {
    "a time before the calendar": ("work", "--as-of", "0001-01-01T00:00:00+01:00"),
    "terms before the calendar": (
        *("program", "change-terms", "PROGRAM", "--rate", "5"),
        *("--effective", "0001-01-01T00:00:00+05:00"),
    ),
    "a notice of many years": (
        "program",
        "change-terms",
        "PROGRAM",
        "--rate",
        "5",
        "--notice-days",
        "4000000",
    ),
    "a notice beyond the calendar": (
        "program",
        "change-terms",
        "PROGRAM",
        "--rate",
        "5",
        "--notice-days",
        "9" * 11,
    ),
    "a month in the far future": ("statement", "close", "--brand", "BRAND", "--period", "99999999999-01"),
    "a week in the far future": ("statement", "close", "--brand", "BRAND", "--period", "99999999999-W01"),
    "a limit of sales above 64 bits": ("sale", "list", "--brand", "BRAND", "--limit", "9" * 20),
    "a limit of events above 64 bits": ("source", "events", "--limit", "9" * 20),
    "an id with a line break": ("source", "send", "--source", "SOURCE", "--id", "a\nb", "FILE"),
    "an id that is not ASCII": ("source", "send", "--source", "SOURCE", "--id", "ü€", "FILE"),
    "a reason that is not UTF-8": (*BOOK, "--key", "k", "--reason", INVALID_UTF8),
    "a key that is not UTF-8": (*BOOK, "--key", INVALID_UTF8, "--reason", "x"),
    "a payout that is not UTF-8": ("payout", "show", INVALID_UTF8),
    "an order that is not UTF-8": ("explain", INVALID_UTF8, "--brand", "BRAND"),
}


@pytest.fixture
def names(settings: Settings, databases: Databases, tmp_path: Path, now: datetime) -> dict[str, str]:
    """The values of the placeholders, which are words in upper case."""
    file = tmp_path / "message.json"
    file.write_bytes(b"{}")
    keys = settings.secret_keys

    def work(session: Session) -> dict[str, str]:
        brand_id, program_id = add_brand_with_program(session, now)
        creator = create_creator(session, now, name="Anna", email="anna@example.com", country="DE")
        source, _secret = create_source(
            session, now, actor=PERSON, brand_id=brand_id, kind="standard", keys=keys
        )
        return {"BRAND": brand_id, "PROGRAM": program_id, "CREATOR": creator.id, "SOURCE": source.id}

    return transact(databases.main, work) | {"FILE": str(file)}


@pytest.fixture
def web_url(settings: Settings) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_app(settings))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def require_clean_error(result: Result, exit_code: int) -> None:
    assert (result.exit_code, result.stdout) == (exit_code, ""), result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.stderr
    assert result.stderr.strip().endswith((".", "or more"))


@pytest.mark.parametrize("case", ARGUMENTS)
def test_invalid_arguments_are_rejected_without_a_traceback(
    settings: Settings, names: dict[str, str], case: str
) -> None:
    arguments = [names.get(each, each) for each in ARGUMENTS[case]]
    require_clean_error(Terminal(settings, EVERY_COMMAND).run(*arguments), 2)


def test_an_amount_above_the_limit_is_rejected_with_the_limit(
    settings: Settings, names: dict[str, str]
) -> None:
    command = [names.get(each, each) for each in BOOK[:-1]]
    result = Terminal(settings, EVERY_COMMAND).run(*command, str(2**53), "--key", "k", "--reason", "x")
    require_clean_error(result, 2)
    assert f"1 to {2**53 - 1} minor units" in result.stderr


@pytest.mark.parametrize("code", ["a b", "ä", "a/../b"])
def test_following_an_impossible_code_reports_404(
    settings: Settings, web_url: str, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setenv("LINKLEDGER_BASE_URL", web_url)
    result = Terminal(settings, EVERY_COMMAND).run("click", "follow", code, "--json")
    assert (result.exit_code, json.loads(result.stdout)["status"]) == (1, 404)


@pytest.mark.parametrize("where", ["h:x", "[::1"])
def test_an_invalid_database_url_is_reported_without_its_password(home: Path, where: str) -> None:
    url = f"postgresql://u:s3cr3t@{where}/db"
    with pytest.raises(SettingsError, match="LINKLEDGER_DATABASE_URL: cannot be read") as refusal:
        settings_for(home, url)
    assert "s3cr3t" not in str(refusal.value)


def test_a_backup_to_an_impossible_path_is_rejected(
    settings: Settings, databases: Databases, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    result = Terminal(settings, EVERY_COMMAND).run("backup", str(tmp_path / "file" / "backup"))
    require_clean_error(result, 1)
    assert "could not be written" in result.stderr
