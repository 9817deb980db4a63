"""Raw sockets to the worker of the edge, which serves a small application that the test controls."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from config.edge.application import Later, Request, Response, make_response
from config.edge.server import Connected, Server
from config.edge.waiting import Timeouts, WaitLists
from tests.tracker.clicks.edge_thread import ThreadWorker, edge_in_a_thread

DEADLINE_S = 20
STATUS_LINE = re.compile(rb"HTTP/1\.1 \d{3} [A-Z]")
LARGE_BYTES = 4 * 1024 * 1024
"""More than fits into the buffers between two sockets."""
QUICK = Timeouts(sweep_s=0.05)


class Failure(Exception):
    """What the application raises at `/fail`; its message must not be logged."""


@dataclass
class Application:
    """Responds with the path. `/later…` waits for `finish`, `/large` has a large body, `/fail` raises."""

    body_limits_bytes = {("POST", "/ll.js"): 200}
    requests: list[Request] = field(default_factory=list)
    waiting: list[Later] = field(default_factory=list)
    started: int = 0
    closed: threading.Event = field(default_factory=threading.Event)
    closed_in: str = ""

    def start(self) -> None:
        self.started += 1

    def close(self) -> None:
        self.closed_in = threading.current_thread().name
        self.closed.set()

    def __call__(self, request: Request) -> Response | Later:
        self.requests.append(request)
        if request.path.startswith("/later"):
            later = Later()
            self.waiting.append(later)
            return later
        if request.path == "/fail":
            raise Failure("at 203.0.113.9 with a secret")
        body = bytes(LARGE_BYTES) if request.path == "/large" else request.body or request.path.encode()
        return make_response(200, [(b"content-type", b"text/plain")], body)


@dataclass
class Edge:
    port: int
    worker: ThreadWorker
    application: Application

    def connect(self, sent: bytes = b"", *, receive_bytes: int = 0) -> "Client":
        """A new connection on which these bytes were sent. `receive_bytes`: size of its receive buffer."""
        connection = socket.socket()
        if receive_bytes:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.settimeout(DEADLINE_S)
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(sent)
        return Client(connection)

    def exchange(self, sent: bytes) -> bytes:
        """All bytes that the server sends until it closes the connection."""
        return self.connect(sent).rest()

    def status(self, sent: bytes) -> int:
        """The status of the only response to these bytes, after which the server closes the connection."""
        received = self.exchange(sent)
        assert len(STATUS_LINE.findall(received)) == 1, received
        assert b"\r\nconnection: close\r\n" in received
        return int(received.split()[1])

    def finish(self, error: Exception | None = None) -> None:
        """Complete the request that has been waiting the longest, in the thread of the event loop."""
        wait_until(lambda: bool(self.unfinished()))
        later = self.unfinished()[0]
        done = threading.Event()

        def complete() -> None:
            if error is not None:
                later.fail(error)
            else:
                later.resolve(make_response(200, [], b"finished"))
            done.set()

        self.application.waiting.remove(later)
        self.worker.loop.call_soon_threadsafe(complete)
        assert done.wait(DEADLINE_S)

    @property
    def connections(self) -> "set[Connected]":
        return self._server.connections

    @property
    def waits(self) -> WaitLists:
        return self._server.waits

    @property
    def _server(self) -> Server:
        wait_until(lambda: self.worker.server is not None)
        assert self.worker.server is not None
        return self.worker.server

    def unfinished(self) -> list[Later]:
        return self.application.waiting


@dataclass
class Client:
    connection: socket.socket

    def __post_init__(self) -> None:
        self._stream = self.connection.makefile("rb")

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def response(self, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        """Read one response to a request with this method: status, headers, body."""
        version, status, _ = self.line().split(" ", 2)
        assert version == "HTTP/1.1"
        headers = {}
        while line := self.line():
            name, value = line.split(": ", 1)
            headers[name.lower()] = value
        length = 0 if method == "HEAD" else int(headers.get("content-length", 0))
        return int(status), headers, self._stream.read(length)

    def line(self) -> str:
        line = self._stream.readline()
        assert line.endswith(b"\r\n"), line
        return line[:-2].decode("latin-1")

    def rest(self) -> bytes:
        """Everything until the end of the stream, also if that is a reset."""
        received = b""
        try:
            while piece := self._stream.read1(65_536):
                received += piece
        except ConnectionResetError:
            pass
        return received

    def is_closed(self) -> bool:
        return self.rest() == b""

    def is_closed_without_a_reset(self) -> bool:
        """A reset can destroy bytes that the client has not read."""
        return self._stream.read() == b""

    def close(self) -> None:
        self._stream.close()
        self.connection.close()


@contextmanager
def running(timeouts: Timeouts = QUICK, **settings: int) -> Iterator[Edge]:
    """The worker in a thread. `settings` are gunicorn's."""
    application = Application()
    with edge_in_a_thread(application, timeouts, **settings) as (port, worker):
        yield Edge(port, worker, application)


def get(path: str = "/now", *lines: str, version: str = "1.1") -> bytes:
    """The head of a GET request."""
    return "\r\n".join([f"GET {path} HTTP/{version}", "Host: x", *lines, "", ""]).encode("latin-1")


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)
