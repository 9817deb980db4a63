"""The web application in a thread of the test, for browsers: real HTTP, real pages, no process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import make_server

POLL_S = 0.02


@contextmanager
def serve_app(app: Flask) -> Iterator[str]:
    """Serve the application on a free local port. Yields its address without a final slash."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
