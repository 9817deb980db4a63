"""Runs the commands in docs/first-payout.md: what a newcomer copies must work."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import ROOT
from tests.harness.papers import run_script, shell_blocks
from tests.harness.processes.forked_cli import forked_cli
from tests.harness.processes.server import READY_WITHIN_S, STOPS_WITHIN_S, free_port

BINDS = ("LINKLEDGER_BIND", "LINKLEDGER_EDGE_BIND")
PAGE = ROOT / "docs" / "first-payout.md"


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a newcomer: only free ports and a small spool are set."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LINKLEDGER_")}
    search = f"{tmp_path / 'bin'}:{inherited.get('PATH', '')}"
    binds = {name: f"127.0.0.1:{free_port()}" for name in BINDS}
    (tmp_path / "bin").mkdir()
    with forked_cli(tmp_path / "bin"):
        yield inherited | {"PATH": search, "PYTHONPATH": str(ROOT), "LINKLEDGER_SPOOL_MB": "1"} | binds


def test_the_commands_on_the_page_work(tmp_path: Path, environment: dict[str, str]) -> None:
    found = shell_blocks(PAGE.read_text())
    start = [block.kind for block in found].index("serve")
    before = "".join(block.text for block in found[:start])
    after = "".join(block.text for block in found[start + 1 :])
    run_script(before + "declare -p BRAND SHOP > names.sh\n", tmp_path, environment)

    home = environment | {"LINKLEDGER_HOME": str(tmp_path / "first-payout")}
    server = subprocess.Popen(["bash", "-c", f"exec {found[start].text}"], cwd=tmp_path, env=home)
    try:
        for name in BINDS:
            wait_for(f"http://{environment[name]}/readyz")
        printed = run_script("source names.sh\n" + after, tmp_path, home)
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(STOPS_WITHIN_S) == 0

    balances, checked = (json.loads(line) for line in printed.strip().splitlines()[-2:])
    (payout,) = json.loads(printed.strip().splitlines()[-3])
    assert (payout["state"], payout["amount"]) == ("paid", {"minor": 1188, "currency": "EUR"})
    assert {balances[0][name]["minor"] for name in ("held", "payable", "in_transit")} == {0}
    assert checked["ok"]


def wait_for(url: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2) as response:
                if response.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"{url} was not ready in time")
