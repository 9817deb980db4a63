"""Webhooks beside jobs on SQLite: how long they wait, with turns and without (config/locking/turns.py).

    python -m bench.bench_turns [--seconds 30]

20 signed sales a second to the web process with two workers: alone; beside two processes that write batches
of 50 ms back to back; beside an import of 20,000 lines. Then as many sales as the server takes, beside those
two processes: what is left for jobs. `hooks_beside` measures beside any other commands.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import servers
from bench.hook_load import HookLoad
from bench.measure import log
from config.database import open_databases
from config.migrate import upgrade
from config.settings import Settings, load_settings
from payouts.processes.supervisor import child_environment
from tests.harness import ROOT
from tracker.times import format_utc

RATE = 20.0
JOBS = 2
IMPORT_LINES = 20_000
WARM_SALES = 200
WORKERS = 2
Command = Sequence[str]


def hooks_beside(
    load: HookLoad, port: int, settings: Settings, commands: Sequence[Command], seconds: float
) -> dict[str, Any]:
    """Send RATE sales a second while the commands run: p50, p99 and longest in ms, answers, and under
    `outputs` what each command printed. A command that is still running in the end gets SIGTERM."""
    with running(settings, commands) as outputs:
        found = load.send(port, int(RATE * seconds), RATE)
    return {**found, "outputs": outputs}


@contextmanager
def running(settings: Settings, commands: Sequence[Command]) -> Iterator[list[str]]:
    """Run commands beside the block. Then the list has what each of them printed on stdout."""
    outputs: list[str] = []
    started = [
        subprocess.Popen(
            command, cwd=ROOT, env=child_environment(settings), stdout=subprocess.PIPE, text=True
        )
        for command in commands
    ]
    try:
        yield outputs
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        outputs += [process.communicate()[0] for process in started]


def job_commands(settings: Settings) -> list[Command]:
    command = [sys.executable, "-m", "bench.neighbours", "jobs", settings.database_url, str(settings.home)]
    return [command] * JOBS


def import_command(folder: Path, load: HookLoad, name: str) -> Command:
    """`linkledger sale import` of new orders."""
    file = folder / f"{name}.csv"
    at = format_utc(datetime.now(UTC) - timedelta(hours=1))
    lines = [f"{name}-{number},{at},EUR,119.00,19.00,0,0" for number in range(IMPORT_LINES)]
    header = "order_id,occurred_at,currency,total,tax,shipping,discount"
    file.write_text("\n".join([header, *lines, ""]))
    code = "from payouts.cli import main; main()"
    return [sys.executable, "-c", code, "sale", "import", "--brand", load.shop.brand_id, "--json", str(file)]


@contextmanager
def without_turns(settings: Settings) -> Iterator[None]:
    """No process can open the lock files in this block, so that SQLite's busy handler alone decides."""
    database = Path(settings.main_url.removeprefix("sqlite:///"))
    links = [database.with_suffix(f".{name}.lock") for name in ("gate", "writer", "jobs")]
    for link in links:
        link.unlink(missing_ok=True)
        link.symlink_to(settings.home / "nowhere")
    try:
        yield
    finally:
        for link in links:
            link.unlink()


class TurnsBench:
    """One installation with its web process, measured with several neighbours."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder, self._seconds = folder, seconds
        self.settings = load_settings(home=folder / "home", database_url="")
        databases = open_databases(self.settings)
        upgrade(databases)
        self._load = HookLoad(folder, self.settings, databases)
        databases.close()

    def run(self) -> dict[str, Any]:
        with servers.web(self.settings, None, WORKERS) as web:
            self._load.send(web.port, WARM_SALES)
            found = {"alone": self._beside("alone", web.port, [])}
            for name in ("without turns", "with turns"):
                found[name] = self._measure(name, web.port)
        return found

    def _measure(self, name: str, port: int) -> dict[str, Any]:
        if name == "without turns":
            with without_turns(self.settings):
                return self._all(name, port)
        return self._all(name, port)

    def _all(self, name: str, port: int) -> dict[str, Any]:
        jobs = job_commands(self.settings)
        imports = [import_command(self._folder, self._load, name.replace(" ", "-"))]
        return {
            "jobs": self._beside(f"jobs, {name}", port, jobs),
            "import": self._beside(f"import, {name}", port, imports),
            "flood": self._flood(f"flood, {name}", port, jobs),
        }

    def _beside(self, name: str, port: int, commands: Sequence[Command]) -> dict[str, Any]:
        found = hooks_beside(self._load, port, self.settings, commands, self._seconds)
        return self._report(name, found)

    def _flood(self, name: str, port: int, commands: Sequence[Command]) -> dict[str, Any]:
        with running(self.settings, commands) as outputs:
            began_s = time.monotonic()
            found: dict[str, Any] = {"per_second": 0.0}
            while time.monotonic() - began_s < self._seconds:
                found = self._load.send(port, 500)
        return self._report(name, {**found, "outputs": outputs})

    def _report(self, name: str, found: dict[str, Any]) -> dict[str, Any]:
        log(
            f"{name:24} {found['per_second']:7.1f}/s   p50 {found['p50_ms']:8.1f}"
            f"   p99 {found['p99_ms']:8.1f}   longest {found['longest_ms']:8.1f}   {found['answers']}"
            f"   {_short(found['outputs'])}"
        )
        return found


def _short(outputs: Sequence[str]) -> str:
    return " ".join(each.strip()[:80] for each in outputs)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure webhooks beside jobs on SQLite.")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "bench")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        found = TurnsBench(Path(name), options.seconds).run()
    path = options.folder / "turns.json"
    path.write_text(json.dumps({"cores": os.cpu_count(), "results": found}, indent=2) + "\n")
    log(f"All results are in {path}")


if __name__ == "__main__":
    main()
