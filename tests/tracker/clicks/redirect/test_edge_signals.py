"""The edge as a real process: what each signal does, how it starts and fails to start, and what it logs."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest
from gunicorn.arbiter import Arbiter

from config.database import Databases
from config.edge.worker import BOOT_ERROR
from config.settings import Settings
from payouts.processes.supervisor import child_environment
from tests.cast.people import Cast
from tests.harness import ROOT
from tests.harness.processes.edge_process import EdgeProcess, is_answering, running_edge, wait_until
from tests.harness.processes.serve_process import running as is_running
from tests.harness.processes.server import free_port
from tests.tracker.clicks.entry_points import make_link

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
QUICK_S = 3.0
"""Less than the edge would wait for a request that is under way."""


@pytest.fixture(autouse=True)
def link(databases: Databases, cast: Cast, now: datetime) -> None:
    make_link(databases, cast, now)
    databases.close()


def request_with_a_missing_body(edge: EdgeProcess) -> socket.socket:
    """A request that stays under way: its body never arrives."""
    connection = socket.create_connection(("127.0.0.1", edge.port), timeout=20)
    connection.sendall(
        b"POST /ll.js HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    )
    assert connection.recv(4096).startswith(b"HTTP/1.1 100")
    return connection


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGINT])
def test_quit_and_int_end_a_worker_at_once(settings: Settings, number: signal.Signals) -> None:
    with running_edge(settings, workers=1) as edge:
        (worker,) = edge.workers()
        connection = request_with_a_missing_body(edge)
        began = time.monotonic()
        os.kill(worker, number)
        assert connection.recv(4096) == b""
        wait_until(lambda: not is_running(worker))
        assert time.monotonic() - began < QUICK_S
        wait_until(lambda: is_answering(edge.port))
        assert edge.workers() != [worker]


def test_term_lets_a_request_under_way_finish(settings: Settings) -> None:
    with running_edge(settings, workers=1) as edge:
        connection = request_with_a_missing_body(edge)
        edge.tell(signal.SIGTERM)
        threading.Timer(0.5, connection.sendall, [b"hello"]).start()
        received = b"".join(iter(lambda: connection.recv(4096), b""))
        assert received.startswith(b"HTTP/1.1 400 ")
        assert b"\r\nconnection: close\r\n" in received
        assert edge.process.wait(20) == 0


def test_winch_is_ignored(settings: Settings) -> None:
    with running_edge(settings, workers=1) as edge:
        (worker,) = edge.workers()
        os.kill(worker, signal.SIGWINCH)
        assert all(is_answering(edge.port, "/anna") for _ in range(5))
        assert edge.workers() == [worker]


def test_usr1_reopens_the_log(settings: Settings, tmp_path: Path) -> None:
    log, moved = tmp_path / "log", tmp_path / "moved"
    with running_edge(settings, f"--error-logfile={log}", "--log-level=info", workers=1) as edge:
        (worker,) = edge.workers()
        log.rename(moved)
        os.kill(worker, signal.SIGUSR1)
        wait_until(log.exists)
        assert is_answering(edge.port)
        assert edge.workers() == [worker]


def test_abort_ends_a_worker_that_is_stuck(settings: Settings, tmp_path: Path) -> None:
    """gunicorn sends SIGABRT to a worker without a heartbeat; its event loop then no longer runs."""
    stuck = tmp_path / "stuck.py"
    stuck.write_text(
        "import time\n"
        "from tracker.clicks.redirect.edge import create_edge\n"
        "from config.settings import load_settings\n"
        "class Stuck(type(create_edge(load_settings()))):\n"
        "    def __call__(self, request):\n"
        "        while request.path == '/stuck':\n"
        "            time.sleep(0.01)\n"
        "        return super().__call__(request)\n"
        "edge = create_edge(load_settings())\n"
        "edge.__class__ = Stuck\n"
    )
    with running_edge(settings, f"--pythonpath={tmp_path}", "stuck:edge", workers=1) as edge:
        (worker,) = edge.workers()
        connection = socket.create_connection(("127.0.0.1", edge.port), timeout=20)
        connection.sendall(b"GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.2)  # until it is stuck; earlier is no fault either
        os.kill(worker, signal.SIGABRT)
        wait_until(lambda: not is_running(worker))
        wait_until(lambda: is_answering(edge.port))


def test_a_worker_ends_when_gunicorn_was_killed(settings: Settings) -> None:
    with running_edge(settings, workers=1) as edge:
        (worker,) = edge.workers()
        edge.process.kill()
        edge.process.wait()
        wait_until(lambda: not is_running(worker))


def test_an_edge_that_cannot_start_ends_with_exit_code_3(settings: Settings, tmp_path: Path) -> None:
    """gunicorn then ends, too, instead of starting another worker."""
    own = settings.model_copy(update={"edge_bind": f"127.0.0.1:{free_port()}", "workers": 1})
    (tmp_path / "broken.py").write_text(
        "from tracker.clicks.redirect.edge import create_edge\n"
        "from config.settings import load_settings\n"
        "edge = create_edge(load_settings())\n"
        "def fail():\n"
        "    raise RuntimeError('for anna@example.com at 203.0.113.9')\n"
        "edge.start = fail\n"
    )
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "config" / "edge_gunicorn.py")]
    done = subprocess.run(
        [*command, f"--pythonpath={tmp_path}", "broken:edge"],
        env=child_environment(own),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == BOOT_ERROR == Arbiter.WORKER_BOOT_ERROR == 3
    assert "the edge did not start: RuntimeError" in done.stderr
    assert "203.0.113.9" not in done.stdout + done.stderr
    assert "anna@example.com" not in done.stdout + done.stderr


def test_a_stop_during_the_start_is_not_lost(settings: Settings) -> None:
    """The signals are held from the fork until the worker's event loop runs."""
    for delay_s in (0.0, 0.05, 0.1, 0.2, 0.4):
        with running_edge(settings, workers=1) as edge:
            (worker,) = edge.workers()
            os.kill(worker, signal.SIGKILL)
            wait_until(lambda worker=worker: edge.workers() not in ([], [worker]))  # type: ignore[misc]
            time.sleep(delay_s)
            began = time.monotonic()
            edge.tell(signal.SIGTERM)
            assert edge.process.wait(20) == 0
            assert time.monotonic() - began < QUICK_S


def test_no_address_token_or_host_is_logged(settings: Settings, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running_edge(settings, f"--error-logfile={log}", "--log-level=debug", workers=1) as edge:
        assert is_answering(edge.port, "/anna")
        for request in (
            b"GET /anna HTTP/1.1\r\nHost: secret.example\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n",
            b"GET /secret HTTP/1.1\r\nHost: secret.example\r\nX Y: 203.0.113.9\r\n\r\n",
            b"\x00secret\r\n\r\n",
        ):
            with socket.create_connection(("127.0.0.1", edge.port), timeout=20) as connection:
                connection.sendall(request)
                assert connection.recv(4096).startswith(b"HTTP/1.1 ")
        edge.tell(signal.SIGTERM)
        edge.process.wait(20)
    text = log.read_text()
    assert "Booting worker" in text
    assert not [word for word in ("203.0.113.9", "secret", "anna", "ll=") if word in text]
