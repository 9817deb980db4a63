"""The web process as `linkledger serve` configures it, with one worker and the application of limits_app."""

import http.client
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings
from payouts.processes.supervisor import child_environment
from tests.conftest import settings_for
from tests.harness import ROOT
from tests.harness.processes.serve_process import wait_until
from tests.harness.processes.server import Response, free_port

ANSWERS_WITHIN_S = 10
ENDS_WITHIN_S = 20


@dataclass(frozen=True)
class WebProcess:
    port: int
    process: subprocess.Popen[bytes]
    settings: Settings
    log: Path

    def ask(
        self,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        chunk_bytes: int = 0,
    ) -> Response:
        """Send a request; with a body it is a POST. `chunk_bytes`: chunk size; 0 sends a length instead."""
        if chunk_bytes and isinstance(body, bytes):
            body = iter([body[start : start + chunk_bytes] for start in range(0, len(body), chunk_bytes)])
        method = "GET" if body is None else "POST"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWERS_WITHIN_S)
        with closing(connection):
            connection.request(method, path, body, dict(headers or {}), encode_chunked=bool(chunk_bytes))
            response = connection.getresponse()
            return Response(response.status, dict(response.headers), response.read())

    def call(self, request: bytes, *, receive_bytes: int = 0) -> socket.socket:
        """A connection on which exactly these bytes were sent. `receive_bytes`: the receive buffer's size."""
        connection = socket.socket()
        if receive_bytes:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.settimeout(ANSWERS_WITHIN_S)
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(request)
        return connection

    def first_line(self, request: bytes) -> str:
        """The status line of the response to these bytes."""
        with self.call(request) as connection, connection.makefile("rb") as response:
            return response.readline().decode()

    def worker(self) -> int:
        """The process id of the worker that handles requests."""
        return int(self.ask("/app/process").json["process"])

    def ended_downloads(self) -> int:
        return int(self.ask("/app/process").json["ended"])

    def ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.ask("/healthz").status == 200
        except OSError:
            return False


def web_settings(template: Path, folder: Path, client_timeout_s: float) -> Settings:
    """Settings for a copy of a migrated home. `client_timeout_s`: how long the process waits for a client."""
    home = folder / "home"
    shutil.copytree(template, home)
    bind = f"127.0.0.1:{free_port()}"
    return settings_for(home, bind=bind, workers=1, client_timeout_s=client_timeout_s)


@contextmanager
def web_process(settings: Settings, *, graceful_s: int = 8) -> Iterator[WebProcess]:
    log = settings.home / "output"
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "config" / "gunicorn.py")]
    with log.open("wb") as target:
        process = subprocess.Popen(
            [*command, f"--graceful-timeout={graceful_s}", "tests.harness.processes.limits_app:app()"],
            env=child_environment(settings),
            cwd=ROOT,
            stdout=target,
            stderr=target,
        )
    web = WebProcess(int(settings.bind.rpartition(":")[2]), process, settings, log)
    try:
        wait_until(web.ready, "the web process responds")
        yield web
    finally:
        process.terminate()
        process.wait(ENDS_WITHIN_S)
