"""The hook door alone behind gunicorn, for tests that talk to it over HTTP."""

import http.client
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial

from flask import Flask
from gunicorn.app.base import BaseApplication

from config.settings import Settings
from tests.tracker.sales.hook_app import make_app

DEADLINE_S = 30
MakeApp = Callable[[Settings], Flask]


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


class _Gunicorn(BaseApplication):  # type: ignore[misc]
    def __init__(self, make: Callable[[], Flask], listener: socket.socket, preload: bool) -> None:
        self._make, self._listener, self._preload = make, listener, preload
        super().__init__()

    def load_config(self) -> None:
        options = {"worker_class": "gthread", "threads": 4, "loglevel": "warning"}
        own = {"bind": f"fd://{self._listener.fileno()}", "control_socket_disable": True}
        for name, value in (options | own | {"preload_app": self._preload}).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._make()


@contextmanager
def serving(settings: Settings, make: MakeApp = make_app, *, preload: bool = False) -> Iterator[Server]:
    """On a socket that listens already: a request that comes early waits in its queue.

    In a fork, which has all of the product in memory: how it is loaded is not what these tests are about.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process_id = os.fork()
        if process_id == 0:
            try:
                _Gunicorn(partial(make, settings), listener, preload).run()
            finally:
                os._exit(0)
        try:
            yield Server(listener.getsockname()[1])
        finally:
            os.kill(process_id, signal.SIGTERM)
            os.waitpid(process_id, 0)
