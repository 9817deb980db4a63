"""The edge with its real worker and protocol on a loopback port, in a thread: faster than a process."""

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import uvloop
from gunicorn.config import Config
from gunicorn.glogging import Logger

from config.edge_worker import EdgeWorker
from tracker.clicks.redirect.edge import Edge

LIMIT_BYTES = 16_380


class ThreadWorker(EdgeWorker):
    """A worker without signal handlers, which belong to the process."""

    def __init__(self, edge: Edge, listener: socket.socket, **settings: Any) -> None:
        config = Config()
        defaults = {
            "limit_request_line": LIMIT_BYTES,
            "limit_request_field_size": LIMIT_BYTES,
            "keepalive": 5,
        }
        for name, value in (defaults | settings).items():
            config.set(name, value)
        logging.getLogger("gunicorn.error").setLevel(logging.WARNING)
        sockets = [SimpleNamespace(sock=listener, close=listener.close)]
        super().__init__(1, os.getppid(), sockets, None, 30, config, Logger(config))
        self.asgi = edge
        self.loop = uvloop.new_event_loop()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.handle_exit_signal)


@contextmanager
def edge_in_a_thread(edge: Edge, **settings: Any) -> Iterator[tuple[int, ThreadWorker]]:
    """Yields the port and the worker. `settings` are gunicorn's."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    port = int(listener.getsockname()[1])
    worker = ThreadWorker(edge, listener, **settings)
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        yield port, worker
    finally:
        worker.stop()
        thread.join(20)
        assert not thread.is_alive()
