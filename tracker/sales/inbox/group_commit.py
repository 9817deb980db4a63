"""Group commit: one transaction for all queued messages, because a commit costs the same for one as for many.

A thread that finds no leader becomes the leader: it processes its own message and all others of the same
source that wait. The followers wait until their message is processed, or until they become the next leader.
On SQLite this also avoids that threads of one process sleep to wait for each other's write lock.
"""

import threading
from collections.abc import Sequence
from typing import Protocol

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.database import transact
from tracker.errors import NotNow
from tracker.sales.inbox.apply_or_park import ReceiveResult, is_connection_error, receive_arrival
from tracker.sales.inbox.batch import receive_batch
from tracker.sales.inbox.pending import Arrival
from tracker.sales.sources.operations import require_unchanged_secrets

log = structlog.get_logger(__name__)


class RequestSlot(Protocol):
    """A slot of the request limiter; each process has only a few."""

    def begin(self) -> None: ...

    def end(self) -> None: ...


class _Entry:
    """A queued message and its result. Its thread is woken when the result is known, or to become leader."""

    def __init__(self, arrival: Arrival) -> None:
        self.arrival = arrival
        self.received: ReceiveResult | None = None
        self.error: Exception | None = None
        self.wakeup = threading.Event()

    @property
    def source_id(self) -> str:
        return self.arrival.pending.source.id

    @property
    def is_done(self) -> bool:
        return self.received is not None or self.error is not None

    def outcome(self) -> ReceiveResult:
        if self.error is not None:
            raise self.error
        assert self.received is not None, "the leader sets an outcome for each entry"
        return self.received


class GroupCommit:
    """The group commit of one process. It is thread-safe."""

    def __init__(self, engine: Engine, keys: Sequence[str]) -> None:
        self._engine, self._keys = engine, keys
        self._mutex = threading.Lock()
        self.waiting: list[_Entry] = []
        self._has_leader = False

    def take(self, arrival: Arrival, slot: RequestSlot | None = None) -> ReceiveResult:
        """Store the message and apply it; both are committed when this returns. Followers free their slot.

        Raises NotFound, Gone or SecretsChanged when the source has changed since the message was verified,
        and SQLAlchemyError; then nothing was stored.
        """
        entry = _Entry(arrival)
        with self._mutex:
            self.waiting.append(entry)
            is_follower, self._has_leader = self._has_leader, True
        if is_follower:
            if slot:
                slot.end()
            entry.wakeup.wait()
        if not entry.is_done:
            if slot:
                slot.begin()
            self._lead(self._take_batch(entry.source_id))
        return entry.outcome()

    def _take_batch(self, source_id: str) -> list[_Entry]:
        """Take all waiting entries of the source; there are never more than threads."""
        with self._mutex:
            batch = [entry for entry in self.waiting if entry.source_id == source_id]
            self.waiting = [entry for entry in self.waiting if entry.source_id != source_id]
        return batch

    def _lead(self, entries: Sequence[_Entry]) -> None:
        """Process these entries, then make the follower that has waited longest the next leader."""
        try:
            self._process_batch(entries)
        finally:  # the thread may be stopped at any moment, and no other thread completes these entries
            for entry in entries:
                if not entry.is_done:
                    entry.error = NotNow(
                        "The server stopped during processing; please send the message again."
                    )
            with self._mutex:
                next_leader = self.waiting[:1]
                self._has_leader = bool(next_leader)
            for entry in (*entries, *next_leader):
                entry.wakeup.set()

    def _process_batch(self, entries: Sequence[_Entry]) -> None:
        source_id = entries[0].source_id
        arrivals = [entry.arrival for entry in entries]
        batched: dict[str, ReceiveResult] = {}
        try:
            batched = transact(
                self._engine, lambda session: receive_batch(session, source_id, arrivals, self._keys)
            )
        except Exception as error:
            if is_connection_error(error):
                for entry in entries:
                    entry.error = error
                return
            # One of the messages may have caused the failure: retry each in its own transaction.
            log.error("batch of messages failed", source=source_id, kind=type(error).__name__)
        for entry in entries:
            entry.received = batched.get(entry.arrival.pending.event_id)
            if entry.received is None:
                self._process_alone(entry)

    def _process_alone(self, entry: _Entry) -> None:
        def work(session: Session) -> ReceiveResult:
            require_unchanged_secrets(session.connection(), entry.arrival.pending.source)
            return receive_arrival(session, entry.arrival, self._keys)

        try:
            entry.received = transact(self._engine, work)
        except Exception as error:
            entry.error = error
