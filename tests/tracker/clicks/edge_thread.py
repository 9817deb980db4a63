"""The edge with its real worker and protocol on a loopback port, in a thread: faster than a process."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import uvloop
from gunicorn.config import Config
from gunicorn.glogging import Logger

from config.edge.application import Application
from config.edge.waiting import Timeouts
from config.edge.worker import EdgeWorker

LIMIT_BYTES = 16_380


class ThreadWorker(EdgeWorker):
    """A worker without signal handlers, which belong to the process."""

    def __init__(
        self, application: Application, listener: socket.socket, timeouts: Timeouts, **settings: Any
    ) -> None:
        config = Config()
        defaults = {
            "limit_request_line": LIMIT_BYTES,
            "limit_request_field_size": LIMIT_BYTES,
            "keepalive": 5,
            "graceful_timeout": 8,
        }
        for name, value in (defaults | settings).items():
            config.set(name, value)
        logging.getLogger("gunicorn.error").setLevel(logging.WARNING)
        sockets = [SimpleNamespace(sock=listener, close=listener.close)]
        super().__init__(1, os.getppid(), sockets, None, 30, config, Logger(config))
        self.timeouts = timeouts
        self.wsgi = application
        self.loop = uvloop.new_event_loop()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.handle_exit, signal.SIGTERM, None)

    def quit(self) -> None:
        self.loop.call_soon_threadsafe(self.handle_quit, signal.SIGQUIT, None)


@contextmanager
def edge_in_a_thread(
    application: Application, timeouts: Timeouts | None = None, **settings: Any
) -> Iterator[tuple[int, ThreadWorker]]:
    """Yields the port and the worker. `settings` are gunicorn's."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    port = int(listener.getsockname()[1])
    worker = ThreadWorker(application, listener, timeouts or Timeouts(), **settings)
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        yield port, worker
    finally:
        if thread.is_alive():
            worker.stop()
        thread.join(20)
        assert not thread.is_alive()
