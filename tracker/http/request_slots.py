"""Request slots: limits how many requests run at the same time; the others wait for a slot."""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_SLOT = "linkledger.request_slot"
"""The key of the RequestSlot in the WSGI environment of a request."""


class RequestSlot:
    """The slot of one request. A thread that only waits may release it early."""

    def __init__(self, semaphore: threading.Semaphore) -> None:
        self._semaphore = semaphore
        self._acquired = False

    def begin(self) -> None:
        """Wait for a free slot. Does nothing if this request already has one."""
        if not self._acquired:
            self._semaphore.acquire()
            self._acquired = True

    def end(self) -> None:
        """Release the slot. Does nothing if this request has none."""
        if self._acquired:
            self._acquired = False
            self._semaphore.release()


class RequestLimiter:
    """Starts after BodyBuffer has read the body and ends before the response is sent.

    So a slow client occupies no slot.
    """

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
