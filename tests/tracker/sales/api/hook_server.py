"""Serves the entry points of sales with gunicorn, for tests over real HTTP."""

import http.client
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from gunicorn.app import wsgiapp

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
        """With `chunk_bytes`, the body is sent in chunks of that size, without Content-Length."""
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
    settings: Settings, app: str = "tests.tracker.sales.api.hook_app:app()", *options: str
) -> Iterator[Server]:
    """Runs gunicorn in a forked process, which has loaded the product already.

    The socket listens before the fork, so early requests wait in its queue.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process_id = os.fork()
        if process_id == 0:
            try:
                _become_gunicorn(settings, listener, *options, app)
            finally:
                os._exit(1)
        try:
            yield Server(listener.getsockname()[1])
        finally:
            os.kill(process_id, signal.SIGTERM)
            os.waitpid(process_id, 0)


def _become_gunicorn(settings: Settings, listener: socket.socket, *arguments: str) -> None:
    os.environ["LINKLEDGER_HOME"] = str(settings.home)
    os.environ["LINKLEDGER_DATABASE_URL"] = settings.database_url
    os.environ["LINKLEDGER_SECRET_KEY"] = settings.secret_key
    common = ["--worker-class=gthread", "--threads=4", "--log-level=warning", "--no-control-socket"]
    sys.argv = ["gunicorn", *common, f"--bind=fd://{listener.fileno()}", *arguments]
    wsgiapp.run()
