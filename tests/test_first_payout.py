"""docs/first-payout.md is run as it stands: what a newcomer copies from it must work."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import ROOT
from tests.harness.processes.forked_cli import forked_cli
from tests.harness.processes.server import READY_WITHIN_S, STOPS_WITHIN_S, free_port

BINDS = ("LINKLEDGER_BIND", "LINKLEDGER_EDGE_BIND")
PAGE = ROOT / "docs" / "first-payout.md"
BLOCK = re.compile(r"^```sh(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A newcomer's: nothing of Linkledger is set but the ports, which may be taken here, and little room."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LINKLEDGER_")}
    search = f"{tmp_path / 'bin'}:{kept.get('PATH', '')}"
    binds = {name: f"127.0.0.1:{free_port()}" for name in BINDS}
    (tmp_path / "bin").mkdir()
    with forked_cli(tmp_path / "bin"):
        yield kept | {"PATH": search, "PYTHONPATH": str(ROOT), "LINKLEDGER_SPOOL_MB": "1"} | binds


def test_the_commands_on_the_page_work(tmp_path: Path, environment: dict[str, str]) -> None:
    blocks = [(match["kind"].strip(), match["text"]) for match in BLOCK.finditer(PAGE.read_text())]
    start = [kind for kind, _text in blocks].index("serve")
    before = "".join(text for _kind, text in blocks[:start])
    after = "".join(text for _kind, text in blocks[start + 1 :])
    run(before + "declare -p BRAND SHOP > names.sh\n", tmp_path, environment)

    home = environment | {"LINKLEDGER_HOME": str(tmp_path / "first-payout")}
    server = subprocess.Popen(["bash", "-c", f"exec {blocks[start][1]}"], cwd=tmp_path, env=home)
    try:
        for name in BINDS:
            wait_for(f"http://{environment[name]}/readyz")
        printed = run("source names.sh\n" + after, tmp_path, home)
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(STOPS_WITHIN_S) == 0

    balances, checked = (json.loads(line) for line in printed.strip().splitlines()[-2:])
    (payout,) = json.loads(printed.strip().splitlines()[-3])
    assert (payout["state"], payout["amount"]) == ("paid", {"minor": 1188, "currency": "EUR"})
    assert {balances[0][name]["minor"] for name in ("held", "payable", "in_transit")} == {0}
    assert checked["ok"]


def run(script: str, folder: Path, environment: dict[str, str]) -> str:
    """What bash printed on stdout, stopping at the first command that fails."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wait_for(url: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"nothing answered at {url}")
