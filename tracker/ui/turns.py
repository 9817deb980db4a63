"""Few requests at work at once, as suits database and processor; the others wait for their turn."""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Turns:
    """Stands inside WholeBody, and an answer is sent after it: no turn is spent on a slow client."""

    def __init__(self, app: "WSGIApplication", at_once: int) -> None:
        self._app = app
        self._free = threading.Semaphore(at_once)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        with self._free:
            return self._app(environ, start_response)
