"""Stalled clients do not slow down other requests: at the web process, over real sockets."""

import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.harness.processes.limits_app import LARGE_BYTES
from tests.harness.processes.serve_process import wait_until
from tests.harness.processes.web_process import ANSWERS_WITHIN_S, WebProcess, web_process, web_settings

EXCESSIVE_TIMEOUT_S = 60
SHORT_TIMEOUT_S = 1
GRACEFUL_S = 10
RELEASED_WITHIN_S = 20
CLIENTS_PER_KIND = 12
"""All kinds together are more clients than a worker has threads."""
IDLE_CONNECTIONS = 80
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HEAD = f"POST /app/form HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['Content-Type']}\r\n"
DOWNLOAD = "GET /app/large HTTP/1.1\r\nHost: localhost\r\n\r\n"
STALLS = {
    "sends nothing": "",
    "stops in the headers": HEAD + "X-Half: ",
    "stops in a body of known length": HEAD + "Content-Length: 100\r\n\r\nnote=",
    "stops in a chunk": HEAD + "Transfer-Encoding: chunked\r\n\r\n64\r\nnote=",
    "stops after being rejected": HEAD + "Content-Length: 5000000\r\n\r\nnote=",
    "stops reading a download": DOWNLOAD,
    "sends two requests and reads nothing": DOWNLOAD.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n")
    * 2,
    "never hangs up": "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
}

DOWNLOADING_KINDS = [kind for kind, sent in STALLS.items() if "/app/large" in sent]
SENDING_KINDS = [kind for kind in STALLS if kind not in DOWNLOADING_KINDS]


@pytest.fixture(scope="module")
def long_timeout_web(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    """A web process whose client timeout is longer than any test."""
    settings = web_settings(sqlite_template, tmp_path_factory.mktemp("patient"), EXCESSIVE_TIMEOUT_S)
    with web_process(settings) as running:
        yield running


@pytest.fixture(scope="module")
def short_timeout_web(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebProcess]:
    settings = web_settings(sqlite_template, tmp_path_factory.mktemp("hasty"), SHORT_TIMEOUT_S)
    with web_process(settings) as running:
        yield running


@contextmanager
def stalled(web: WebProcess, kinds: list[str], each: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(web.call(STALLS[kind].encode(), receive_bytes=4096))
            for kind in kinds
            for _ in range(each)
        ]


def require_all_pages(web: WebProcess) -> None:
    assert web.ask("/").status == 302, "to the set-up or the sign-in"
    assert web.ask("/app/sign-in").status == 200
    assert web.ask("/healthz").status == 200
    assert web.ask("/hooks/src_nobody", b"{}").status == 404
    assert web.ask("/app/form", b"note=x", FORM).status == 200


def count_received_bytes(connection: socket.socket) -> int:
    """Read to the end of the stream. Returns the number of bytes."""
    count = 0
    try:
        while piece := connection.recv(1024 * 1024):
            count += len(piece)
    except ConnectionResetError:
        pass
    return count


@pytest.mark.parametrize("kind", STALLS)
def test_pages_answer_while_clients_stall(long_timeout_web: WebProcess, kind: str) -> None:
    worker = long_timeout_web.worker()
    with stalled(long_timeout_web, [kind], CLIENTS_PER_KIND):
        for _ in range(3):
            require_all_pages(long_timeout_web)
    assert long_timeout_web.worker() == worker


def test_every_thread_is_released_from_a_stalled_client(short_timeout_web: WebProcess) -> None:
    worker, ended = short_timeout_web.worker(), short_timeout_web.ended_downloads()
    with (
        stalled(short_timeout_web, DOWNLOADING_KINDS, CLIENTS_PER_KIND) as downloads,
        stalled(short_timeout_web, SENDING_KINDS, CLIENTS_PER_KIND) as others,
    ):
        for connection in others:
            count_received_bytes(connection)
        wait_until(
            lambda: short_timeout_web.ended_downloads() == ended + len(downloads),
            "every download ends",
            RELEASED_WITHIN_S,
        )
        require_all_pages(short_timeout_web)
        assert all(count_received_bytes(connection) < LARGE_BYTES for connection in downloads)
    assert short_timeout_web.worker() == worker
    assert not re.search("WORKER TIMEOUT|Traceback", short_timeout_web.log.read_text())


def test_single_bytes_do_not_extend_the_deadline(short_timeout_web: WebProcess) -> None:
    kinds = ["stops in the headers", "stops in a body of known length", "stops in a chunk"]
    with stalled(short_timeout_web, kinds, CLIENTS_PER_KIND) as connections:
        deadline = time.monotonic() + RELEASED_WITHIN_S
        waiting = set(connections)
        while waiting:
            assert time.monotonic() < deadline, f"{len(waiting)} connections are still open"
            readable = select.select(waiting, [], [], SHORT_TIMEOUT_S / 10)[0]
            waiting = {each for each in waiting if each not in readable and send_one_byte(each)}
        require_all_pages(short_timeout_web)


def send_one_byte(connection: socket.socket) -> bool:
    try:
        connection.sendall(b"x")
    except ConnectionError:
        return False
    return True


def test_a_slow_but_steady_upload_succeeds(short_timeout_web: WebProcess) -> None:
    pieces, piece = 12, b"x" * 4096

    def slow_body() -> Iterator[bytes]:
        yield b"note="
        for _ in range(pieces):
            time.sleep(SHORT_TIMEOUT_S / 8)
            yield piece

    length = str(5 + pieces * len(piece))
    assert short_timeout_web.ask("/app/form", slow_body(), FORM | {"Content-Length": length}).json[
        "bytes"
    ] == pieces * len(piece)


def test_a_slow_but_steady_download_succeeds(short_timeout_web: WebProcess) -> None:
    once = DOWNLOAD.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    with short_timeout_web.call(once.encode()) as connection:
        count = 0
        while piece := connection.recv(1024 * 1024, socket.MSG_WAITALL):
            count += len(piece)
            time.sleep(SHORT_TIMEOUT_S / 8)
    assert count > LARGE_BYTES


def test_a_stalled_upload_gets_408(short_timeout_web: WebProcess) -> None:
    request = STALLS["stops in a body of known length"]
    content_types = {"/app/form": "text/html", "/hooks/src_1": "application/problem+json"}
    with ExitStack() as stack:
        for connection, content_type in [
            (
                stack.enter_context(short_timeout_web.call(request.replace("/app/form", path).encode())),
                content_type,
            )
            for path, content_type in content_types.items()
        ]:
            text = connection.makefile("rb").read().decode()
            assert text.startswith("HTTP/1.1 408 ")
            assert content_type in text
            assert "did not arrive in time" in text


def test_idle_keepalive_connections_do_not_occupy_threads(long_timeout_web: WebProcess) -> None:
    """There are more idle connections than threads."""
    worker = long_timeout_web.worker()
    with ExitStack() as stack:
        connections = [
            stack.enter_context(
                closing(HTTPConnection("127.0.0.1", long_timeout_web.port, timeout=ANSWERS_WITHIN_S))
            )
            for _ in range(IDLE_CONNECTIONS)
        ]
        for _ in range(2):
            for connection in connections:
                connection.request("GET", "/healthz")
            for connection in connections:
                assert connection.getresponse().read() == b'{"status":"ok"}\n'
            require_all_pages(long_timeout_web)
    assert long_timeout_web.worker() == worker


def test_pipelined_requests_are_answered_in_order(long_timeout_web: WebProcess) -> None:
    one = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = one.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    with (
        long_timeout_web.call((one * 20 + last).encode()) as connection,
        connection.makefile("rb") as responses,
    ):
        assert responses.read().count(b"HTTP/1.1 200 OK") == 21


def test_the_process_stops_in_time_with_stalled_clients(sqlite_template: Path, tmp_path: Path) -> None:
    settings = web_settings(sqlite_template, tmp_path, EXCESSIVE_TIMEOUT_S)
    with web_process(settings, graceful_s=GRACEFUL_S) as web:
        with stalled(web, list(STALLS), 5):
            require_all_pages(web)
            web.process.terminate()
            # gunicorn kills the workers after that time; exit code 0 in time means that it did not have to.
            assert web.process.wait(GRACEFUL_S) == 0
        assert not re.search("WORKER TIMEOUT|Traceback", web.log.read_text())
