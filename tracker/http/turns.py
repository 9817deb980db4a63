"""Limits how many requests run at the same time; the others wait for a slot."""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_SLOT = "linkledger.turn"
"""Where the environment of a request has its Turn."""


class RequestSlot:
    """The slot of one request. Its thread may release it early, when it only waits."""

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
    """Runs inside BodyBuffer, and the response is sent after it: a slow client occupies no slot."""

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
