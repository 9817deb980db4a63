"""docs/connect/anything.md is run as it stands, but for webhooks: what a developer copies must work."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.database import Databases
from config.settings import Settings
from payouts.processes.supervisor import child_environment
from tests.harness import ROOT
from tests.tracker.cast import Cast, create_cast
from tests.tracker.sales.api.hook_server import serving
from tests.tracker.terminal import Terminal
from tracker.sales.commands import COMMANDS

PAGE = ROOT / "docs" / "connect" / "anything.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(script: str, folder: Path, settings: Settings, cast: Cast, port: int) -> str:
    """What bash printed, stopping at the first command that fails."""
    console = folder / "linkledger"
    console.write_text(f"#!{sys.executable}\nfrom payouts.cli import main\nmain()\n")
    console.chmod(0o755)
    own = {
        "BRAND": cast.brand_id,
        "URL": f"http://127.0.0.1:{port}",
        "PATH": f"{folder}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=child_environment(settings) | own,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_commands_on_the_page_work(settings: Settings, databases: Databases, tmp_path: Path) -> None:
    cast = create_cast(databases, datetime.now(UTC))
    page, _, webhooks = PAGE.read_text().partition("\n## By webhook")
    assert webhooks
    with serving(settings) as server:
        printed = run("".join(BLOCK.findall(page)), tmp_path, settings, cast, server.port)
    answers = [json.loads(line) for line in printed.splitlines() if line.startswith('{"')]
    assert [each.get("outcome") for each in answers] == ["booked", "booked", None, "booked"]
    assert answers[2]["refunds"][0]["amount"] == {"minor": 2000, "currency": "EUR"}

    sales = Terminal(settings, COMMANDS).ask("sale", "list", "--brand", cast.brand_id)
    assert {(each["order_id"], each["total"]["minor"], each["test"]) for each in sales} == {
        ("test-1", 11900, True),
        ("test-2", 11900, True),
    }
    assert "applied" in printed
    assert '"reason"' in printed
