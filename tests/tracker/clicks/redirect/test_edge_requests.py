"""The edge in a thread over raw sockets: what the redirect adds to the HTTP server of config/edge."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import func, select

from config.database import Databases
from config.settings import Settings
from tests.cast.people import Cast
from tests.tracker.clicks.edge_thread import ThreadWorker, edge_in_a_thread
from tests.tracker.clicks.entry_points import make_link
from tests.tracker.clicks.traffic import DEADLINE_S, BlockedWriters
from tracker.clicks.models import Click
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.recording.writers import open_writer
from tracker.clicks.redirect import edge as edge_module
from tracker.clicks.redirect.edge import Edge
from tracker.clicks.redirect.link_cache import LinkCache
from tracker.clicks.redirect.link_source import link_source
from tracker.clicks.redirect.request import COMMIT_DEADLINE_S
from tracker.clicks.redirect.shown_brands import shown_brands_of
from tracker.clicks.token import TOKEN_LENGTH, make_token
from tracker.ids import new_uuid

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
FOLLOW = b"GET /anna HTTP/1.1\r\nHost: x\r\nUser-Agent: Mozilla/5.0 (iPhone)\r\n\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(autouse=True)
def link(databases: Databases, cast: Cast, now: datetime) -> None:
    make_link(databases, cast, now)


@contextmanager
def edge(
    settings: Settings, databases: Databases, writers: BlockedWriters | None = None, **options: Any
) -> Iterator[tuple[int, ThreadWorker]]:
    recorder = Recorder(settings.clicks_url, writers.open if writers is not None else open_writer)
    links, brands = LinkCache(link_source(databases.main)), shown_brands_of(databases.main)
    application = Edge(settings, recorder, links, brands)
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


def exchange(port: int, sent: bytes) -> bytes:
    with connect(port, sent) as connection:
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def beacon(body: bytes, *lines: bytes) -> bytes:
    head = [b"POST /ll.js HTTP/1.1", b"Host: x", b"Content-Length: %d" % len(body), *lines, b"", body]
    return b"\r\n".join(head)


def test_a_running_request_is_answered_before_shutdown(settings: Settings, databases: Databases) -> None:
    writers = BlockedWriters(blocked=True)
    with edge(settings, databases, writers) as (port, worker):
        last = connect(port, FOLLOW)
        assert writers.at_lock.wait(DEADLINE_S)
        worker.stop()
        threading.Timer(0.2, writers.released.set).start()
        assert last.recv(4096).startswith(b"HTTP/1.1 302")
        assert is_closed(last)


def test_a_late_click_is_redirected_without_a_token_after_the_deadline(
    settings: Settings, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert COMMIT_DEADLINE_S == 2.0
    monkeypatch.setattr(edge_module, "COMMIT_DEADLINE_S", 0.1)
    writers = BlockedWriters(blocked=True)
    with edge(settings, databases, writers) as (port, _):
        response = connect(port, FOLLOW).recv(4096)
        assert response.startswith(b"HTTP/1.1 302")
        assert b"ll=" not in response
        writers.released.set()


def test_a_client_that_leaves_while_its_click_is_written_harms_nothing(
    settings: Settings, databases: Databases
) -> None:
    writers = BlockedWriters(blocked=True)
    with edge(settings, databases, writers) as (port, worker):
        leaving, staying = connect(port, FOLLOW), connect(port, FOLLOW)
        assert writers.at_lock.wait(DEADLINE_S)
        leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        leaving.close()  # with a reset
        assert worker.server is not None
        while len(worker.server.connections) > 1:
            time.sleep(0.01)
        writers.released.set()
        assert b"ll=" in staying.recv(4096)
        staying.sendall(HEALTH)
        assert staying.recv(4096).startswith(b"HTTP/1.1 200")
    with databases.clicks.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Click)) == 2


def answers(status: HTTPStatus) -> float:
    return REGISTRY.get_sample_value("linkledger_answers_total", {"status": str(int(status))}) or 0.0


def test_each_response_to_a_link_is_counted_once(settings: Settings, databases: Databases) -> None:
    before = answers(HTTPStatus.FOUND), answers(HTTPStatus.NOT_FOUND)
    with edge(settings, databases) as (port, _):
        connection = connect(port, FOLLOW * 10 + FOLLOW.replace(b"anna", b"nobody") + HEALTH)
        received = b""
        while b"HTTP/1.1 200" not in received:
            received += connection.recv(65_536)
        assert received.count(b"HTTP/1.1 302") == 10
        assert (answers(HTTPStatus.FOUND), answers(HTTPStatus.NOT_FOUND)) == (before[0] + 10, before[1] + 1)


@pytest.mark.parametrize("path", [b"/anna", b"/", b"/healthz", b"/nobody/x"])
@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"CONNECT", b"TRACE"])
def test_another_method_gets_405_with_the_methods_that_are_allowed(
    settings: Settings, databases: Databases, method: bytes, path: bytes
) -> None:
    with edge(settings, databases) as (port, _):
        request = method + b" " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        response = exchange(port, request)
        assert response.startswith(b"HTTP/1.1 405 ")
        assert b"\r\nallow: GET, HEAD\r\n" in response


def test_the_script_also_allows_post(settings: Settings, databases: Databases) -> None:
    with edge(settings, databases) as (port, _):
        response = exchange(port, b"PUT /ll.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert response.startswith(b"HTTP/1.1 405 ")
        assert b"\r\nallow: GET, HEAD, POST\r\n" in response


@pytest.mark.parametrize("length", [0, 1, TOKEN_LENGTH - 1, TOKEN_LENGTH, TOKEN_LENGTH + 1, 200])
def test_a_beacon_without_a_valid_token_gets_400_and_the_connection_stays_open(
    settings: Settings, databases: Databases, length: int
) -> None:
    with edge(settings, databases) as (port, _):
        response = exchange(port, beacon(b"x" * length) + beacon(b"", b"Connection: close"))
        assert response.count(b"HTTP/1.1 400 Bad Request\r\n") == 2
        assert response.count(b"\r\ncross-origin-resource-policy: cross-origin\r\n") == 2


def test_a_beacon_with_a_token_gets_204_without_a_length(settings: Settings, databases: Databases) -> None:
    ids = new_uuid(datetime.now(UTC)), new_uuid(datetime.now(UTC))
    token = make_token(settings.secret_keys, *ids, earns=True, confirmed=False).encode()
    with edge(settings, databases) as (port, _):
        response = exchange(port, beacon(token, b"Connection: close"))
        assert response.startswith(b"HTTP/1.1 204 No Content\r\n")
        assert b"content-length" not in response
        assert response.endswith(b"\r\n\r\n")


def test_a_beacon_over_200_bytes_gets_413(settings: Settings, databases: Databases) -> None:
    with edge(settings, databases) as (port, _):
        assert exchange(port, beacon(b"x" * 201)).startswith(b"HTTP/1.1 413 ")
