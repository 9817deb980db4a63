"""Webhooks and redirects beside the jobs of the books: how long they wait.

RATE signed sales a second to the web process and REDIRECTS requests a second to the edge, first with nothing
beside them, then beside each job in a process of its own, as long as it runs. The shop is that of the books.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bench import servers
from bench.bench_turns import RATE, WARM_SALES, WORKERS, Command, import_command
from bench.costs import month, table
from bench.costs.place import Figures, Place
from bench.costs.year import Note
from bench.hook_load import HookLoad
from bench.load import percentile
from bench.workload import make_links, requests, write_requests
from config.database import Databases, open_databases
from payouts.processes.supervisor import child_environment
from tests.cast.shop import Shop
from tests.harness import ROOT
from tracker.programs.models import Enrollment
from tracker.sales.inbox.group_commit import GroupCommit
from tracker.times import format_utc

REDIRECTS = 100.0
LINKS = 1_000
BURST_S = 10.0
JOBS = ("job-accrue", "job-adjust", "job-mature", "close-and-seal")
FILL = month.FILL
_CLI = "from payouts.cli import main; main()"


@dataclass
class Waited:
    """Response times of several bursts, in milliseconds."""

    times_ms: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    def add(self, found: Figures) -> None:
        self.times_ms += found["times_ms"]
        self.answers.update(found["answers"])

    def figures(self) -> Figures:
        ordered = sorted(self.times_ms)
        shares = {"p50_ms": 0.5, "p99_ms": 0.99, "longest_ms": 1.0}
        return {name: percentile(ordered, share) for name, share in shares.items()}


class BesideBench:
    """Measures beside the jobs of one filled place, whose month has ended and is not closed."""

    def __init__(self, place: Place, folder: Path, seconds: float) -> None:
        self._place, self._folder, self._seconds = place, folder, seconds
        databases = open_databases(place.settings)
        make_links(databases, LINKS)
        self._load = HookLoad(folder, place.settings, databases, shop=_shop(place, databases))
        databases.close()
        self._redirects = write_requests(folder / "redirects", list(requests(LINKS, 5_000)))
        self._web = self._edge = 0

    def run(self, note: Note) -> dict[str, Figures]:
        settings, found = self._place.settings, {}
        with servers.web(settings, None, WORKERS) as web, servers.edge(settings, None) as edge:
            self._web, self._edge = web.port, edge.port
            self._load.send(web.port, WARM_SALES)
            for name, command in self._commands():
                found[name] = self.measure(command)
                note(table.beside(self._place.database, self._place.filled["sales"], name, found[name]))
        return found

    def measure(self, command: Command | None) -> Figures:
        """Beside a command until it ends, but not longer than `seconds`; None: beside nothing."""
        hooks, redirects = Waited(), Waited()
        with self._running(command) as process:
            began_s = time.monotonic()
            while time.monotonic() - began_s < self._seconds and (process is None or process.poll() is None):
                self._burst(hooks, redirects)
            ended = process is not None and process.poll() is not None
        return {
            "hooks": hooks.figures(),
            "redirects": redirects.figures(),
            "answers": dict(hooks.answers),
            "redirect_answers": dict(redirects.answers),
            "beside_s": round(time.monotonic() - began_s, 1),
            "ended": ended,
        }

    def _burst(self, hooks: Waited, redirects: Waited) -> None:
        command = [
            sys.executable,
            "-m",
            "bench.load",
            str(self._redirects),
            f"--port={self._edge}",
            "--times",
        ]
        command += [f"--rate={REDIRECTS}", f"--seconds={BURST_S}", "--connections=8"]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            hooks.add(self._load.send(self._web, int(RATE * BURST_S), RATE, listed=True))
            redirects.add(json.loads(process.communicate()[0]))

    def _commands(self) -> Iterator[tuple[str, Command | None]]:
        now, python = format_utc(datetime.now(UTC)), sys.executable
        on = [f"--postgresql={self._place.url}"] if self._place.url else []
        yield "nothing", None
        for name in JOBS:
            yield name, [python, "-m", "bench.costs.measure", name, str(self._place.home), now, *on]
        yield "import of 20,000 lines", import_command(self._folder, self._load, "beside")
        yield "check --full", [python, "-c", _CLI, "check", "--full"]

    @contextmanager
    def _running(self, command: Command | None) -> Iterator[subprocess.Popen[bytes] | None]:
        if command is None:
            yield None
            return
        environment = child_environment(self._place.settings)
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


def _shop(place: Place, databases: Databases) -> Shop:
    """The shop of the filler, with one of its enrollments."""
    filled: dict[str, Any] = place.filled
    with databases.main.connect() as connection:
        own = select(Enrollment.id).where(Enrollment.program_id == filled["program_id"]).limit(1)
        enrollment_id = connection.scalar(own)
    assert enrollment_id is not None, "the filler enrolls creators"
    keys = place.settings.secret_keys
    names = (filled["brand_id"], filled["source_id"], filled["secret"])
    return Shop(databases, keys, *names, {}, {"first": enrollment_id}, GroupCommit(databases.main, keys))
