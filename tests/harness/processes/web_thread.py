"""The web application in a thread of the test, for browsers: real HTTP, real pages, no process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import make_server

POLL_S = 0.02


@contextmanager
def serve_app(app: Flask, port: int = 0) -> Iterator[str]:
    """Serve the application on a local port, a free one for 0. Yields its address without a final slash."""
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
