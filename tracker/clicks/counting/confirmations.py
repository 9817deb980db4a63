"""Prerender confirmations: the shop script reports with the click's token that its page was shown.

Only statistics depend on them, and a sale confirms a prerender too. So they are written asynchronously and
dropped if that fails. A request without the token of a recent prerender writes nothing.
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
from tracker.clicks.counting.totals_job import TotalsRun
from tracker.clicks.token import TOKEN_LENGTH, InvalidToken, read_token

MAX_TOKEN_AGE = timedelta(hours=24)
"""Generous: a browser keeps a prerendered page for minutes."""
MAX_BYTES = TOKEN_LENGTH
MAX_PENDING = 256
BATCH_SIZE = 64
CLOSE_TIMEOUT_S = 2.0
REASON = "its page was shown"

log = structlog.get_logger(__name__)


class PrerenderConfirmations:
    """Accepts confirmations from any thread; a thread of its own, started by the first one, writes them."""

    def __init__(self, clicks_url: str, keys: Sequence[str]) -> None:
        self._clicks_url, self._keys = clicks_url, keys
        self._pending: Queue[UUID | None] = Queue(MAX_PENDING)
        self._starting = threading.Lock()
        self._writer: threading.Thread | None = None

    def accept(self, body: bytes, now: datetime) -> HTTPStatus:
        """The status of the response: NO_CONTENT for every valid token, useful or not, else BAD_REQUEST."""
        try:
            token = read_token(self._keys, body[: MAX_BYTES + 1].decode("latin-1"))
        except InvalidToken:
            return HTTPStatus.BAD_REQUEST
        if token.earns and not token.confirmed and now - token.at < MAX_TOKEN_AGE:
            self._enqueue(token.click_id)
        return HTTPStatus.NO_CONTENT

    def close(self) -> None:
        """Write pending confirmations and end the thread; gives up after a time-out if the database hangs."""
        if self._writer is not None and self._writer.is_alive():
            with suppress(Full):
                self._pending.put(None, timeout=CLOSE_TIMEOUT_S)
            self._writer.join(CLOSE_TIMEOUT_S)

    def _enqueue(self, click_id: UUID) -> None:
        try:
            self._pending.put_nowait(click_id)
        except Full:
            return
        with self._starting:
            if self._writer is None or not self._writer.is_alive():
                self._writer = threading.Thread(
                    target=self._write, name="prerender-confirmations", daemon=True
                )
                self._writer.start()

    def _write(self) -> None:
        engine, batch = make_engine(self._clicks_url), self._next_batch()
        while click_ids := [each for each in batch if each is not None]:
            try:
                TotalsRun(engine).confirm(click_ids, REASON)
            except (SQLAlchemyError, OSError) as error:
                log.warning("prerenders were not confirmed", clicks=len(click_ids), kind=type(error).__name__)
            batch = [None] if None in batch else self._next_batch()
        engine.dispose()

    def _next_batch(self) -> list[UUID | None]:
        """At least one entry; None is the last one."""
        batch = [self._pending.get()]
        with suppress(Empty):
            while len(batch) < BATCH_SIZE and batch[-1] is not None:
                batch.append(self._pending.get_nowait())
        return batch
