"""The edge's worker drops silent and idle connections, unlike gunicorn's."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest

from config import edge_worker as worker_module
from config.database import Databases
from config.settings import Settings
from tests.cast.people import Cast
from tests.tracker.clicks.edge_thread import ThreadWorker, edge_in_a_thread
from tests.tracker.clicks.entry_points import make_link
from tests.tracker.clicks.traffic import DEADLINE_S, BlockedWriters
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.redirect.edge import Edge
from tracker.clicks.redirect.link_cache import LinkCache, link_source

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
HALF = b"GET /healthz HTTP/1.1\r\nHo"


@pytest.fixture(autouse=True)
def link(databases: Databases, cast: Cast, now: datetime) -> None:
    make_link(databases, cast, now)


@contextmanager
def edge(settings: Settings, databases: Databases, **options: int) -> Iterator[tuple[int, ThreadWorker]]:
    application = Edge(settings, Recorder(settings.clicks_url), LinkCache(link_source(databases.main)))
    with edge_in_a_thread(application, **options) as running:
        yield running


def connect(port: int, sent: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)
    connection.sendall(sent)
    return connection


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(4096) == b""
    except ConnectionResetError:
        return True


def test_a_client_without_a_complete_request_in_time_is_dropped(
    settings: Settings, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "HEADER_DEADLINE_S", 0.2)
    monkeypatch.setattr(worker_module, "HEARTBEAT_S", 0.05)
    with edge(settings, databases) as (port, _):
        silent, half, good = connect(port, b""), connect(port, HALF), connect(port, WHOLE)
        assert good.recv(4096).startswith(b"HTTP/1.1 200")
        assert is_closed(silent)
        assert is_closed(half)
        good.sendall(WHOLE)
        assert good.recv(4096).startswith(b"HTTP/1.1 200"), "after a complete request a client may wait"


def test_an_idle_connection_is_closed_after_the_keepalive_time(
    settings: Settings, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "HEARTBEAT_S", 0.05)
    with edge(settings, databases, keepalive=1) as (port, _):
        idle = connect(port, WHOLE)
        assert idle.recv(4096).startswith(b"HTTP/1.1 200")
        assert is_closed(idle)


def test_at_the_limit_the_longest_silent_connection_is_dropped(
    settings: Settings, databases: Databases
) -> None:
    with edge(settings, databases, worker_connections=3) as (port, worker):
        silent = [connect(port, HALF) for _ in range(3)]
        while len(worker.silent) < 3:
            time.sleep(0.01)
        good = connect(port, WHOLE)
        assert good.recv(4096).startswith(b"HTTP/1.1 200")
        assert is_closed(silent[0])
        silent[1].sendall(b"st: x\r\n\r\n")
        assert silent[1].recv(4096).startswith(b"HTTP/1.1 200")


def test_at_the_limit_without_silent_connections_a_new_one_is_rejected(
    settings: Settings, databases: Databases
) -> None:
    with edge(settings, databases, worker_connections=1) as (port, worker):
        good = connect(port, WHOLE)
        assert good.recv(4096).startswith(b"HTTP/1.1 200")
        assert is_closed(connect(port, WHOLE))
        assert worker.nr_conns == 1
        good.sendall(WHOLE)
        assert good.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_running_request_is_answered_before_shutdown(settings: Settings, databases: Databases) -> None:
    writers = BlockedWriters(blocked=True)
    application = Edge(
        settings, Recorder(settings.clicks_url, writers.open), LinkCache(link_source(databases.main))
    )
    with edge_in_a_thread(application) as (port, worker):
        last = connect(port, b"GET /anna HTTP/1.1\r\nHost: x\r\nUser-Agent: Mozilla/5.0 (iPhone)\r\n\r\n")
        assert writers.at_lock.wait(DEADLINE_S)
        worker.stop()
        threading.Timer(0.2, writers.released.set).start()
        assert last.recv(4096).startswith(b"HTTP/1.1 302")
        assert is_closed(last)
