"""Prerender confirmations: the shop script reports a shown page with the click's token.

Only statistics depend on it, and a sale confirms too: writing is asynchronous, and what cannot be
written is forgotten. Whoever has no token of a fresh prerender can have nothing written.
"""

import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from queue import Empty, Full, Queue
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from config.database import make_engine
from tracker.clicks.counting.totals_run import TotalsRun
from tracker.clicks.token import TOKEN_LENGTH, InvalidToken, read_token

MAX_TOKEN_AGE = timedelta(hours=24)
"""A browser keeps a prerendered page for minutes."""
MAX_BYTES = TOKEN_LENGTH
MAX_PENDING = 256
BATCH_SIZE = 64
CLOSE_TIMEOUT_S = 2.0
REASON = "its page was shown"

log = structlog.get_logger(__name__)


class PrerenderConfirmations:
    """Takes them from any thread, and writes them in one of its own, which the first one starts."""

    def __init__(self, clicks_url: str, keys: Sequence[str]) -> None:
        self._clicks_url, self._keys = clicks_url, keys
        self._waiting: Queue[UUID | None] = Queue(MAX_PENDING)
        self._starting = threading.Lock()
        self._writer: threading.Thread | None = None

    def take(self, body: bytes, now: datetime) -> HTTPStatus:
        """What to answer: NO_CONTENT to every token of ours, whatever follows from it, else BAD_REQUEST."""
        try:
            token = read_token(self._keys, body[: MAX_BYTES + 1].decode("latin-1"))
        except InvalidToken:
            return HTTPStatus.BAD_REQUEST
        if token.earns and not token.confirmed and now - token.at < MAX_TOKEN_AGE:
            self._enqueue(token.click_id)
        return HTTPStatus.NO_CONTENT

    def close(self) -> None:
        """Write what waits, and end the thread; a database that hangs is not waited for."""
        if self._writer is not None and self._writer.is_alive():
            with suppress(Full):
                self._waiting.put(None, timeout=CLOSE_TIMEOUT_S)
            self._writer.join(CLOSE_TIMEOUT_S)

    def _enqueue(self, click_id: UUID) -> None:
        try:
            self._waiting.put_nowait(click_id)
        except Full:
            return
        with self._starting:
            if self._writer is None or not self._writer.is_alive():
                self._writer = threading.Thread(target=self._write, name="sightings", daemon=True)
                self._writer.start()

    def _write(self) -> None:
        engine, found = make_engine(self._clicks_url), self._next_batch()
        while some := [each for each in found if each is not None]:
            try:
                TotalsRun(engine).confirm(some, REASON)
            except (SQLAlchemyError, OSError) as error:
                log.warning("prerenders were not confirmed", clicks=len(some), kind=type(error).__name__)
            found = [None] if None in found else self._next_batch()
        engine.dispose()

    def _next_batch(self) -> list[UUID | None]:
        """At least one entry; None is the last that there will be."""
        found = [self._waiting.get()]
        with suppress(Empty):
            while len(found) < BATCH_SIZE and found[-1] is not None:
                found.append(self._waiting.get_nowait())
        return found
