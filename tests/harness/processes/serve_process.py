"""`linkledger serve` started as from a terminal, and the state of its processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from config.database import Databases, read_session
from config.settings import Settings
from payouts.jobs.models import JobRun
from payouts.processes.supervisor import child_environment
from tests.harness import ROOT
from tests.harness.processes.server import free_port

STOPS_WITHIN_S = 12.0 + 3.0
HAPPENS_WITHIN_S = 40.0
COMMAND = [sys.executable, "-c", "from payouts.cli import main; main()"]

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")


@dataclass
class ServeProcess:
    """A running `linkledger serve` in its own process group, as started from a terminal."""

    process: subprocess.Popen[str]
    url: str
    port: int
    output: Path
    children: set[int] = field(default_factory=set)

    def text(self) -> str:
        return self.output.read_text()

    def answers(self) -> bool:
        try:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False


@contextmanager
def serving(settings: Settings, tmp_path: Path, *arguments: str, **changes: Any) -> Iterator[ServeProcess]:
    port = changes.pop("port", None) or free_port()
    binds = {"bind": f"127.0.0.1:{port}", "edge_bind": f"127.0.0.1:{free_port()}"}
    own = settings.model_copy(update={**binds, "workers": 2, **changes})
    output = tmp_path / f"output-{port}-{time.monotonic_ns()}"
    with output.open("w") as target:
        process = subprocess.Popen(
            [*COMMAND, "serve", *arguments],
            env=child_environment(own),
            cwd=ROOT,
            text=True,
            stdout=target,
            stderr=target,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    served = ServeProcess(process, f"http://127.0.0.1:{port}", port, output)
    try:
        yield served
    finally:
        for pid in (process.pid, *served.children):
            if running(pid):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def wait_until(happened: Callable[[], Any], what: str, within_s: float = HAPPENS_WITHIN_S) -> Any:
    deadline = time.monotonic() + within_s
    while not (found := happened()):
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.05)
    return found


def running(pid: int) -> bool:
    """Whether a process is running; a zombie is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(pid: int) -> set[int]:
    """Every process below one, read from /proc."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        below = {child for child, own in parents.items() if own == parent}
        found |= below
        waiting += below
    return found


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def scheduler_of(served: ServeProcess) -> int | None:
    below = descendants(served.process.pid)
    return next((pid for pid in below if "linkledger-scheduler".startswith(name_of(pid) or "none")), None)


def last_run(databases: Databases) -> datetime | None:
    with read_session(databases.main) as session:
        return session.scalar(select(JobRun.started_at).order_by(JobRun.started_at.desc()).limit(1))


def wait_until_both_run(served: ServeProcess, databases: Databases) -> None:
    wait_until(served.answers, "the web process responds")
    wait_until(lambda: last_run(databases), "the scheduler has run a job")
    # gunicorn, two workers, the scheduler
    wait_until(lambda: len(descendants(served.process.pid)) >= 4, "every process runs")
    served.children = descendants(served.process.pid)
