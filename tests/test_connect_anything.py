"""Runs the commands and the program in docs/connect/anything.md: what a developer copies must work."""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from config.database import Databases, transact
from config.settings import Settings
from payouts.processes.supervisor import child_environment
from tests.cast.api import Terminal
from tests.cast.people import PERSON, Cast, create_cast
from tests.harness import ROOT
from tests.harness.papers import blocks, run_script, shell_blocks, with_names
from tests.harness.processes.forked_cli import forked_cli
from tests.tracker.sales.api.hook_server import serving
from tracker.sales.commands import COMMANDS
from tracker.sales.sources.operations import create_source

PAGE = ROOT / "docs" / "connect" / "anything.md"
NOT_A_TOKEN = "not a signed token"

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def cast(databases: Databases) -> Cast:
    return create_cast(databases, datetime.now(UTC))


@pytest.fixture
def source(settings: Settings, databases: Databases, cast: Cast) -> tuple[str, str]:
    """The id and the secret of a source of the kind `standard`."""

    def connect(session: Session) -> tuple[str, str]:
        now, keys = datetime.now(UTC), settings.secret_keys
        made, secret = create_source(
            session, now, actor=PERSON, brand_id=cast.brand_id, kind="standard", keys=keys
        )
        return made.id, secret

    return transact(databases.main, connect)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_commands_on_the_page_work(
    settings: Settings, cast: Cast, source: tuple[str, str], tmp_path: Path
) -> None:
    script = "".join(block.text for block in shell_blocks(PAGE.read_text()))
    with serving(settings) as server, forked_cli(tmp_path):
        url = f"http://127.0.0.1:{server.port}"
        served = child_environment(settings.model_copy(update={"base_url": url}))
        own = {"BRAND": cast.brand_id, "URL": url, "PYTHONPATH": str(ROOT)}
        search = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        printed = run_script(with_names(script, {"SOURCE": source[0]}), tmp_path, served | own | search)
    responses = [json.loads(line) for line in printed.splitlines() if line.startswith('{"')]
    assert [each.get("outcome") for each in responses] == ["booked", "booked", None, "booked"]
    assert responses[2]["refunds"][0]["amount"] == {"minor": 2000, "currency": "EUR"}

    sales = Terminal(settings, COMMANDS).ask("sale", "list", "--brand", cast.brand_id)
    assert {(each["order_id"], each["total"]["minor"], each["test"]) for each in sales} == {
        ("test-1", 11900, True),
        ("test-2", 11900, True),
        ("test-3", 11900, True),
    }
    assert "applied" in printed
    assert '"reason"' in printed


def test_the_program_on_the_page_reports_a_sale(
    settings: Settings, cast: Cast, source: tuple[str, str]
) -> None:
    [program] = [block.text for block in blocks(PAGE.read_text()) if block.language == "python"]
    source_id, secret = source
    with serving(settings) as server:
        url = f"http://127.0.0.1:{server.port}/hooks/{source_id}"
        exec(compile(program, str(PAGE), "exec"), {"URL": url, "SECRET": secret, "TOKEN": NOT_A_TOKEN})  # noqa: S102
    shown = Terminal(settings, COMMANDS).ask("sale", "show", "1001", "--brand", cast.brand_id)
    assert shown["total"]["minor"] == 11900
