"""The edge as real processes under load: killed, stopped, reloaded, and with many silent clients."""

import os
import random
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial

import pytest

from config.database import Databases
from config.settings import Settings
from tests.cast.people import Cast
from tests.harness import ROOT
from tests.harness.processes.edge_process import (
    EdgeProcess,
    Shoppers,
    is_answering,
    running_edge,
    wait_until,
    wait_until_all_are_rows,
)
from tests.harness.processes.server import free_port
from tests.tracker.clicks.entry_points import make_link
from tracker.clicks.recording.spool_drainer import drain_orphans

SILENT_CLIENTS = 2_000
NIGHTLY = pytest.param(50, marks=[pytest.mark.nightly, pytest.mark.timeout(1800)])


@pytest.fixture(autouse=True)
def link(databases: Databases, cast: Cast, now: datetime) -> None:
    make_link(databases, cast, now)
    databases.close()


@pytest.mark.parametrize("rounds", [2, NIGHTLY])
def test_every_issued_token_has_a_row_after_kills(settings: Settings, rounds: int) -> None:
    """Odd rounds kill a worker first; all rounds kill the whole group; at random times."""
    rng = random.Random(rounds)
    port = free_port()
    clicks = []
    for round_number in range(rounds):
        with running_edge(settings, port=port) as edge, Shoppers(port, settings) as shoppers:
            shoppers.wait_for_more(rng.randint(20, 200))
            if round_number % 2:
                os.kill(rng.choice(edge.workers()), signal.SIGKILL)
                shoppers.wait_for_more(50)
            edge.kill_group()
            shoppers.stop()
            clicks += shoppers.clicks
            assert shoppers.without_token == 0
    with running_edge(settings, port=port):
        wait_until_all_are_rows(settings, clicks)
    # The edge may have ended before it drained the last spools; these have no owner.
    drain_orphans(settings.spool_folder, settings.clicks_url)
    assert list(settings.spool_folder.iterdir()) == []


@pytest.mark.parametrize("rounds", [2, NIGHTLY])
def test_the_spool_of_a_killed_process_becomes_rows(
    settings: Settings, databases: Databases, rounds: int
) -> None:
    """The click table is locked, so that every click goes to a spool; then all processes are killed."""
    port = free_port()
    settings = settings.model_copy(update={"commit_deadline_ms": 50})
    clicks = []
    for _ in range(rounds):
        with running_edge(settings, port=port) as edge, Shoppers(port, settings, number=4) as shoppers:
            shoppers.wait_for_more(20)
            with databases.clicks.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql("LOCK TABLE click IN EXCLUSIVE MODE")
                shoppers.wait_for_more(100)
                edge.kill_group()
            shoppers.stop()
            clicks += shoppers.clicks
            assert shoppers.without_token == 0
    with running_edge(settings, port=port):
        wait_until_all_are_rows(settings, clicks)


def test_sigterm_under_load_loses_no_click(settings: Settings) -> None:
    with running_edge(settings) as edge, Shoppers(edge.port, settings) as shoppers:
        shoppers.wait_for_more(100)
        edge.tell(signal.SIGTERM)
        assert edge.process.wait(20) == 0
        shoppers.stop()
    wait_until_all_are_rows(settings, shoppers.clicks)
    # Clicks of a late commit are in the spool too, which has no owner now.
    drain_orphans(settings.spool_folder, settings.clicks_url)
    assert list(settings.spool_folder.iterdir()) == []


def workers_are_replaced(edge: EdgeProcess, former: set[int]) -> bool:
    current = edge.workers()
    return former.isdisjoint(current) and len(current) == 2


@pytest.mark.parametrize("reloads", [2, pytest.param(20, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_reloads_under_load_lose_no_connection_and_no_click(settings: Settings, reloads: int) -> None:
    with running_edge(settings) as edge, Shoppers(edge.port, settings) as shoppers:
        for _ in range(reloads):
            shoppers.wait_for_more(50)
            former = set(edge.workers())
            edge.tell(signal.SIGHUP)
            wait_until(partial(workers_are_replaced, edge, former))
        shoppers.wait_for_more(50)
        shoppers.stop()
        assert shoppers.failed == []
        assert shoppers.without_token == 0
        assert shoppers.retried <= reloads * shoppers.number
    wait_until_all_are_rows(settings, shoppers.clicks)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_replacing_workers_after_max_requests_loses_no_click(settings: Settings) -> None:
    with running_edge(settings, "--max-requests=150") as edge, Shoppers(edge.port, settings) as shoppers:
        shoppers.wait_for_more(1_000)
        shoppers.stop()
        assert shoppers.failed == []
    wait_until_all_are_rows(settings, shoppers.clicks)


@pytest.fixture
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = SILENT_CLIENTS + 500
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(f"a process may open {hard} files here, and the test needs {needed}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("capacity", [10_000, 500])
def test_two_thousand_half_open_clients_do_not_stop_redirects(settings: Settings, capacity: int) -> None:
    """With capacity for all clients, and for a quarter: then the longest silent ones are dropped."""
    silent: list[socket.socket] = []
    with running_edge(settings, f"--worker-connections={capacity}", workers=1) as edge:
        try:
            for number in range(SILENT_CLIENTS):
                silent.append(socket.create_connection(("127.0.0.1", edge.port), timeout=10))
                silent[-1].sendall(b"" if number % 2 else b"GET /anna HTTP/1.1\r\nHost: half")
            assert all(is_answering(edge.port, "/anna") for _ in range(20))
        finally:
            for each in silent:
                each.close()


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_idle_and_silent_connections_do_not_delay_shutdown(settings: Settings) -> None:
    """One worker only: a second may be starting and then miss gunicorn's signal."""
    with running_edge(settings, workers=1) as edge:
        silent = socket.create_connection(("127.0.0.1", edge.port), timeout=10)
        half = socket.create_connection(("127.0.0.1", edge.port), timeout=10)
        half.sendall(b"GET /anna HTTP/1.1\r\nHost: half")
        idle = socket.create_connection(("127.0.0.1", edge.port), timeout=10)
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(4096).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        edge.tell(signal.SIGTERM)
        assert edge.process.wait(10) == 0
        assert time.monotonic() - began < 3
        assert idle.recv(4096) == b""
        silent.close()
        half.close()


def test_creating_the_applications_opens_no_file_and_starts_no_thread(settings: Settings) -> None:
    """A forked child can then use them, as under gunicorn --preload."""
    code = f"""
import os, threading
def open_files():
    return sorted(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else []
before = open_files()
import wsgi
from tracker.clicks.redirect import edge
wsgi.app, edge.edge
assert open_files() == before, (before, open_files())
assert threading.active_count() == 1
assert not os.path.exists({str(settings.spool_folder)!r})
child = os.fork()
if child == 0:
    status = wsgi.app.test_client().get("/anna", headers={{"User-Agent": "Mozilla/5.0 (iPhone)"}}).status_code
    os._exit(0 if status == 302 else 1)
assert os.waitpid(child, 0)[1] == 0
assert open_files() == before
assert threading.active_count() == 1
"""
    environment = {
        **os.environ,
        "LINKLEDGER_HOME": str(settings.home),
        "LINKLEDGER_DATABASE_URL": settings.database_url,
        "LINKLEDGER_SECRET_KEY": settings.secret_key,
        "LINKLEDGER_SPOOL_MB": "1",
    }
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0
