"""Clients that stop in the middle cost a page nothing: at the web process, over real sockets."""

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
from tests.harness.processes.web_process import ANSWERS_WITHIN_S, WebProcess, own_settings, web_process

LONGER_THAN_ANY_TEST_S = 60
HASTY_S = 1
GRACEFUL_S = 10
LET_GO_WITHIN_S = 20
SOME = 12
"""Of one kind; of all kinds together they are more than the threads of a worker."""
KEPT_OPEN = 80
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HEAD = f"POST /app/form HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['Content-Type']}\r\n"
DOWNLOAD = "GET /app/large HTTP/1.1\r\nHost: localhost\r\n\r\n"
STALLS = {
    "says nothing": "",
    "stops in the headers": HEAD + "X-Half: ",
    "stops in a body of known length": HEAD + "Content-Length: 100\r\n\r\nnote=",
    "stops in a chunk": HEAD + "Transfer-Encoding: chunked\r\n\r\n64\r\nnote=",
    "stops after being refused": HEAD + "Content-Length: 5000000\r\n\r\nnote=",
    "stops reading a download": DOWNLOAD,
    "asks for more, and reads nothing": DOWNLOAD.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n") * 2,
    "never hangs up": "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
}

DOWNLOADING = [kind for kind, said in STALLS.items() if "/app/large" in said]
SAYING = [kind for kind in STALLS if kind not in DOWNLOADING]


@pytest.fixture(scope="module")
def patient(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    """It waits for a client longer than any test waits for it."""
    settings = own_settings(sqlite_template, tmp_path_factory.mktemp("patient"), LONGER_THAN_ANY_TEST_S)
    with web_process(settings) as running:
        yield running


@pytest.fixture(scope="module")
def hasty(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    settings = own_settings(sqlite_template, tmp_path_factory.mktemp("hasty"), HASTY_S)
    with web_process(settings) as running:
        yield running


@contextmanager
def stalled(web: WebProcess, kinds: list[str], each: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as open_ones:
        yield [
            open_ones.enter_context(web.call(STALLS[kind].encode(), receive_bytes=4096))
            for kind in kinds
            for _ in range(each)
        ]


def everything_answers(web: WebProcess) -> None:
    assert web.ask("/").status == 200
    assert web.ask("/healthz").status == 200
    assert web.ask("/hooks/src_nobody", b"{}").status == 404
    assert web.ask("/app/form", b"note=x", FORM).status == 200


def received(connection: socket.socket) -> int:
    """Everything that still comes, to the end; counted."""
    count = 0
    try:
        while piece := connection.recv(1024 * 1024):
            count += len(piece)
    except ConnectionResetError:
        pass
    return count


@pytest.mark.parametrize("kind", STALLS)
def test_pages_answer_while_clients_stall(patient: WebProcess, kind: str) -> None:
    worker = patient.worker()
    with stalled(patient, [kind], SOME):
        for _ in range(3):
            everything_answers(patient)
    assert patient.worker() == worker


def test_every_thread_comes_back_from_a_stalled_client(hasty: WebProcess) -> None:
    worker, ended = hasty.worker(), hasty.ended_downloads()
    with stalled(hasty, DOWNLOADING, SOME) as downloads, stalled(hasty, SAYING, SOME) as others:
        for connection in others:
            received(connection)
        wait_until(
            lambda: hasty.ended_downloads() == ended + len(downloads), "no download hangs", LET_GO_WITHIN_S
        )
        everything_answers(hasty)
        assert all(received(connection) < LARGE_BYTES for connection in downloads)
    assert hasty.worker() == worker
    assert not re.search("WORKER TIMEOUT|Traceback", hasty.log.read_text())


def test_a_byte_now_and_then_buys_no_time(hasty: WebProcess) -> None:
    kinds = ["stops in the headers", "stops in a body of known length", "stops in a chunk"]
    with stalled(hasty, kinds, SOME) as connections:
        deadline = time.monotonic() + LET_GO_WITHIN_S
        waiting = set(connections)
        while waiting:
            assert time.monotonic() < deadline, f"{len(waiting)} are still listened to"
            heard = select.select(waiting, [], [], HASTY_S / 10)[0]
            waiting = {each for each in waiting if each not in heard and drips(each)}
        everything_answers(hasty)


def drips(connection: socket.socket) -> bool:
    try:
        connection.sendall(b"x")
    except ConnectionError:
        return False
    return True


def test_a_slow_client_that_goes_on_sending_is_heard_out(hasty: WebProcess) -> None:
    pieces, piece = 12, b"x" * 4096

    def slowly() -> Iterator[bytes]:
        yield b"note="
        for _ in range(pieces):
            time.sleep(HASTY_S / 8)
            yield piece

    length = str(5 + pieces * len(piece))
    assert hasty.ask("/app/form", slowly(), FORM | {"Content-Length": length}).json["bytes"] == pieces * len(
        piece
    )


def test_a_slow_client_that_goes_on_reading_gets_everything(hasty: WebProcess) -> None:
    once = DOWNLOAD.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    with hasty.call(once.encode()) as connection:
        count = 0
        while piece := connection.recv(1024 * 1024, socket.MSG_WAITALL):
            count += len(piece)
            time.sleep(HASTY_S / 8)
    assert count > LARGE_BYTES


def test_a_stalled_upload_is_told_to_come_again(hasty: WebProcess) -> None:
    said = STALLS["stops in a body of known length"]
    doors = {"/app/form": "text/html", "/hooks/src_1": "application/problem+json"}
    with ExitStack() as open_ones:
        for connection, kind in [
            (open_ones.enter_context(hasty.call(said.replace("/app/form", path).encode())), kind)
            for path, kind in doors.items()
        ]:
            text = connection.makefile("rb").read().decode()
            assert text.startswith("HTTP/1.1 408 ")
            assert kind in text
            assert "did not arrive in time" in text


def test_connections_that_are_kept_open_leave_threads_to_others(patient: WebProcess) -> None:
    """There are more than threads, and each of their clients may ask again at any moment."""
    worker = patient.worker()
    with ExitStack() as open_ones:
        kept = [
            open_ones.enter_context(
                closing(HTTPConnection("127.0.0.1", patient.port, timeout=ANSWERS_WITHIN_S))
            )
            for _ in range(KEPT_OPEN)
        ]
        for _ in range(2):
            for connection in kept:
                connection.request("GET", "/healthz")
            for connection in kept:
                assert connection.getresponse().read() == b'{"status":"ok"}\n'
            everything_answers(patient)
    assert patient.worker() == worker


def test_requests_that_come_together_are_answered_one_after_the_other(patient: WebProcess) -> None:
    one = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = one.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    with patient.call((one * 20 + last).encode()) as connection, connection.makefile("rb") as answers:
        assert answers.read().count(b"HTTP/1.1 200 OK") == 21


def test_the_process_stops_in_time_though_clients_of_every_kind_hang(
    sqlite_template: Path, tmp_path: Path
) -> None:
    settings = own_settings(sqlite_template, tmp_path, LONGER_THAN_ANY_TEST_S)
    with web_process(settings, graceful_s=GRACEFUL_S) as web:
        with stalled(web, list(STALLS), 5):
            everything_answers(web)
            web.process.terminate()
            # gunicorn kills what is left after that time; whoever ends earlier was not killed.
            assert web.process.wait(GRACEFUL_S) == 0
        assert not re.search("WORKER TIMEOUT|Traceback", web.log.read_text())
