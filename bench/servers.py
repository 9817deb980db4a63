"""Servers of the benchmark: each with one or more workers, pinned to a core, stopped after use."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings
from payouts.processes.supervisor import child_environment
from tests.harness import ROOT
from tests.harness.processes.children import children_of
from tests.harness.processes.server import free_port

READY_TIMEOUT_S = 30
_GUNICORN = (sys.executable, "-m", "gunicorn", "--log-level=warning", "--no-control-socket")
_NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}/body;
        server {{ listen 127.0.0.1:{port}; location / {{ return 302 https://shop.example/tea; }} }} }}
"""


@dataclass(frozen=True)
class RunningServer:
    port: int
    process: subprocess.Popen[bytes]
    began: float

    def first_response_s(self, request: bytes) -> float:
        """Seconds from the start of the server to the response to this request."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=READY_TIMEOUT_S) as connection:
            connection.sendall(request)
            connection.recv(1)
        return round(time.perf_counter() - self.began, 3)

    def cpu_s(self) -> float:
        """CPU time of all its processes so far, in user and kernel mode; 0 where /proc is missing."""
        waiting, total = [self.process.pid], 0.0
        while waiting:
            process_id = waiting.pop()
            total += _cpu_s(process_id)
            waiting += children_of(process_id)
        return total

    def resident_mb(self) -> float:
        """Resident memory of the largest worker."""
        sizes = [_resident_kb(child) for child in children_of(self.process.pid)] or [
            _resident_kb(self.process.pid)
        ]
        return round(max(sizes) / 1024, 1)


@contextmanager
def edge(
    settings: Settings, core: int | None, workers: int = 1, *, checkout: Path = ROOT
) -> Iterator[RunningServer]:
    """The edge process of this checkout, or of another one with an environment of its own."""
    port = free_port()
    own = settings.model_copy(update={"edge_bind": f"127.0.0.1:{port}", "workers": workers})
    command = [
        python_of(checkout),
        "-m",
        "gunicorn",
        "--config",
        str(checkout / "config" / "edge_gunicorn.py"),
    ]
    with _run(command, port, core, child_environment(own), checkout) as running:
        yield running


def python_of(checkout: Path) -> str:
    return sys.executable if checkout == ROOT else str(checkout / ".venv" / "bin" / "python")


@contextmanager
def web(settings: Settings, core: int | None, workers: int = 1) -> Iterator[RunningServer]:
    """The web process as `linkledger serve` runs it."""
    port = free_port()
    own = settings.model_copy(update={"bind": f"127.0.0.1:{port}", "workers": workers})
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "config" / "gunicorn.py")]
    with _run(command, port, core, child_environment(own)) as running:
        yield running


@contextmanager
def gunicorn(application: str, core: int | None, *options: str, **variables: str) -> Iterator[RunningServer]:
    port = free_port()
    command = [*_GUNICORN, f"--bind=127.0.0.1:{port}", *options, application]
    with _run(command, port, core, dict(os.environ) | variables) as running:
        yield running


def constant(core: int | None) -> AbstractContextManager[RunningServer]:
    """The worker of the edge with an application that answers a constant 302."""
    worker = "--worker-class=config.edge.worker.EdgeWorker"
    return gunicorn("bench.baselines:constant", core, worker, "--workers=1", "--keep-alive=5")


@contextmanager
def nginx(folder: Path, core: int | None) -> Iterator[RunningServer]:
    port = free_port()
    path = folder / "nginx.conf"
    path.write_text(_NGINX.format(folder=folder, port=port))
    with _run([shutil.which("nginx") or "nginx", "-c", str(path)], port, core, dict(os.environ)) as running:
        yield running


@contextmanager
def background_load(kind: str, settings: Settings, core: int | None) -> Iterator[None]:
    """Run a load of neighbours.py in the background."""
    process = subprocess.Popen(_background_load(kind, settings, core), cwd=ROOT)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def run_background_load(kind: str, settings: Settings, *arguments: str) -> None:
    """Run a load of neighbours.py and wait until it ends."""
    subprocess.run([*_background_load(kind, settings, None), *arguments], cwd=ROOT, check=True)


def _background_load(kind: str, settings: Settings, core: int | None) -> list[str]:
    command = [sys.executable, "-m", "bench.neighbours", kind]
    return [*_pinned(core), *command, settings.database_url, str(settings.home)]


def _pinned(core: int | None) -> list[str]:
    return ["taskset", "-c", str(core)] if core is not None and shutil.which("taskset") else []


@contextmanager
def _run(
    command: list[str],
    port: int,
    core: int | None,
    environment: Mapping[str, str],
    folder: Path = ROOT,
) -> Iterator[RunningServer]:
    began = time.perf_counter()
    process = subprocess.Popen(
        [*_pinned(core), *command], cwd=folder, env=dict(environment), start_new_session=True
    )
    try:
        _wait_for(port, process)
        yield RunningServer(port, process, began)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait for a response: gunicorn listens before its workers are ready."""
    end = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=READY_TIMEOUT_S) as probe:
                probe.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
                if probe.recv(1):
                    return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"{process.args!r} did not respond")


def _resident_kb(process_id: int) -> int:
    path = Path(f"/proc/{process_id}/status")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


def _cpu_s(process_id: int) -> float:
    """Fields 14 to 17 of proc(5): user and system time of the process and of its children that have ended."""
    path = Path(f"/proc/{process_id}/stat")
    if not path.exists():
        return 0.0
    fields = path.read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
