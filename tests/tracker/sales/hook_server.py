"""The hook door alone behind gunicorn, for tests that talk to it over HTTP."""

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from config.settings import Settings

DEADLINE_S = 30


@dataclass(frozen=True)
class Server:
    port: int

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)

    def post(
        self, path: str, body: bytes, headers: dict[str, str], *, chunk_bytes: int = 0
    ) -> tuple[int, str]:
        """With `chunk_bytes` the body goes in chunks of that size, without a length."""
        with closing(self.connect()) as connection:
            pieces = [
                body[start : start + chunk_bytes] for start in range(0, len(body), chunk_bytes or len(body))
            ]
            connection.request(
                "POST",
                path,
                body=iter(pieces) if chunk_bytes else body,
                headers=headers,
                encode_chunked=bool(chunk_bytes),
            )
            response = connection.getresponse()
            return response.status, response.read().decode()


@contextmanager
def serving(
    settings: Settings, app: str = "tests.tracker.sales.hook_app:app()", *options: str
) -> Iterator[Server]:
    """On a socket that listens already: a request that comes early waits in its queue."""
    environment = {
        "LINKLEDGER_HOME": str(settings.home),
        "LINKLEDGER_DATABASE_URL": settings.database_url,
        "LINKLEDGER_SECRET_KEY": settings.secret_key,
    }
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-m", "gunicorn", "--worker-class=gthread", "--threads=4"]
        command += ["--log-level=warning", "--no-control-socket", f"--bind=fd://{listener.fileno()}"]
        process = subprocess.Popen(
            [*command, *options, app],
            env={**os.environ, **environment},
            pass_fds=[listener.fileno()],
        )
        try:
            yield Server(listener.getsockname()[1])
        finally:
            process.terminate()
            process.wait(DEADLINE_S)
