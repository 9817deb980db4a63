"""Few requests at work at once, as suits database and processor; the others wait for their turn."""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_SLOT = "linkledger.turn"
"""Where the environment of a request has its Turn."""


class RequestSlot:
    """Of one request. Its thread may end it before the answer is made, when all that is left is to wait."""

    def __init__(self, free: threading.Semaphore) -> None:
        self._semaphore = free
        self._acquired = False

    def begin(self) -> None:
        """Waits until one is free; the second time in a row nothing happens."""
        if not self._acquired:
            self._semaphore.acquire()
            self._acquired = True

    def end(self) -> None:
        if self._acquired:
            self._acquired = False
            self._semaphore.release()


class RequestLimiter:
    """Stands inside WholeBody, and an answer is sent after it: no turn is spent on a slow client."""

    def __init__(self, app: "WSGIApplication", max_concurrent: int) -> None:
        self._app = app
        self._semaphore = threading.Semaphore(max_concurrent)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        slot = environ[REQUEST_SLOT] = RequestSlot(self._semaphore)
        slot.begin()
        try:
            return self._app(environ, start_response)
        finally:
            slot.end()
