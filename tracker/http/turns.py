"""Few requests at work at once, as suits database and processor; the others wait for their turn."""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TURN = "linkledger.turn"
"""Where the environment of a request has its Turn."""


class Turn:
    """Of one request. Its thread may end it before the answer is made, when all that is left is to wait."""

    def __init__(self, free: threading.Semaphore) -> None:
        self._free = free
        self._has_begun = False

    def begin(self) -> None:
        """Waits until one is free; the second time in a row nothing happens."""
        if not self._has_begun:
            self._free.acquire()
            self._has_begun = True

    def end(self) -> None:
        if self._has_begun:
            self._has_begun = False
            self._free.release()


class Turns:
    """Stands inside WholeBody, and an answer is sent after it: no turn is spent on a slow client."""

    def __init__(self, app: "WSGIApplication", at_once: int) -> None:
        self._app = app
        self._free = threading.Semaphore(at_once)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        turn = environ[TURN] = Turn(self._free)
        turn.begin()
        try:
            return self._app(environ, start_response)
        finally:
            turn.end()
