"""A real server for tests: `linkledger serve` as a separate process on a free local port."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from config.settings import Settings
from payouts.processes.supervisor import child_environment
from tests.harness import ROOT

READY_WITHIN_S = 60
STOPS_WITHIN_S = 20


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Server:
    """A running server. Responses are returned unchanged: redirects are not followed, errors do not raise."""

    url: str
    process: subprocess.Popen[bytes]
    settings: Settings

    def get(self, path: str, **headers: str) -> Response:
        return self._send(urllib.request.Request(self.url + path, headers=headers))

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> Response:
        return self._send(urllib.request.Request(self.url + path, data=body, headers=headers, method="POST"))

    def send(self, head: bytes) -> bytes:
        """Send the head of a request; adds `Connection: close` and the empty line. Returns the response."""
        port = int(self.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(head + b"Connection: close\r\n\r\n")
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def _send(self, request: urllib.request.Request) -> Response:
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            with opener.open(request, timeout=20) as response:
                return Response(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as response:
            return Response(response.code, dict(response.headers), response.read())


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any, **_options: Any) -> None:
        return None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(settings: Settings, *arguments: str) -> Iterator[Server]:
    """`linkledger serve` with these settings, ready for requests; at the end SIGTERM must stop it in time."""
    bind = f"127.0.0.1:{free_port()}"
    edge_bind = f"127.0.0.1:{free_port()}"
    own = settings.model_copy(update={"bind": bind, "edge_bind": edge_bind, "workers": 2})
    process = subprocess.Popen(
        [sys.executable, "-c", "from payouts.cli import main; main()", "serve", *arguments],
        env=child_environment(own),
        cwd=ROOT,
    )
    try:
        address = edge_bind if "edge" in arguments else bind
        server = Server(f"http://{address}", process, own)
        wait_until_ready(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOPS_WITHIN_S)


def wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        assert server.process.poll() is None, "the server ended during its start"
        try:
            if server.get("/readyz").status == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server was not ready in time")
