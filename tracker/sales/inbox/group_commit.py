"""One transaction for all the messages that are waiting: a commit takes as long for one as for many.

Whoever finds nobody at work takes what is there, its own message and the others', and works for all of them;
the others wait, and find theirs done. On SQLite it also keeps the threads of a process from waiting for each
other's write lock by sleeping.
"""

import threading
from collections.abc import Sequence
from typing import Protocol

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.database import transact
from tracker.errors import NotNow
from tracker.sales.inbox.batch import receive_together
from tracker.sales.inbox.operations import Received, is_the_connection, receive_read
from tracker.sales.inbox.pending import Arrival
from tracker.sales.sources.operations import require_same_secrets

log = structlog.get_logger(__name__)


class RequestSlot(Protocol):
    """The right to be at work, of which a process has few."""

    def begin(self) -> None: ...

    def end(self) -> None: ...


class _Place:
    """One message, and what became of it. Its thread is woken when that is known, or when it is to work."""

    def __init__(self, arrival: Arrival) -> None:
        self.arrival = arrival
        self.received: Received | None = None
        self.error: Exception | None = None
        self.woken = threading.Event()

    @property
    def source_id(self) -> str:
        return self.arrival.pending.source.id

    @property
    def is_done(self) -> bool:
        return self.received is not None or self.error is not None

    def outcome(self) -> Received:
        if self.error is not None:
            raise self.error
        assert self.received is not None, "whoever works ends with an outcome for each"
        return self.received


class Intake:
    """Of one process. Any thread may use it."""

    def __init__(self, engine: Engine, keys: Sequence[str]) -> None:
        self._engine, self._keys = engine, keys
        self._changing = threading.Lock()
        self.waiting: list[_Place] = []
        self._somebody_works = False

    def take(self, arrival: Arrival, turn: RequestSlot | None = None) -> Received:
        """Keep the message and apply it; durable when this returns. Waiting for others needs no turn.

        Raises NotFound, Gone or SecretsChanged for a source that is not as it was when the message was
        checked, and SQLAlchemyError; nothing was kept then.
        """
        place = _Place(arrival)
        with self._changing:
            self.waiting.append(place)
            must_wait, self._somebody_works = self._somebody_works, True
        if must_wait:
            if turn:
                turn.end()
            place.woken.wait()
        if not place.is_done:
            if turn:
                turn.begin()
            self._work(self._taken(place.source_id))
        return place.outcome()

    def _taken(self, source_id: str) -> list[_Place]:
        """All that wait for the same source; there are never more than threads."""
        with self._changing:
            taken = [place for place in self.waiting if place.source_id == source_id]
            self.waiting = [place for place in self.waiting if place.source_id != source_id]
        return taken

    def _work(self, places: Sequence[_Place]) -> None:
        """For all of them; then whoever waits longest is told to go on."""
        try:
            self._settle(places)
        finally:  # this thread may be told to end at any moment, and nobody else looks after these
            for place in places:
                if not place.is_done:
                    place.error = NotNow(
                        "The server stopped while it was at it; please send the message again."
                    )
            with self._changing:
                successors = self.waiting[:1]
                self._somebody_works = bool(successors)
            for place in (*places, *successors):
                place.woken.set()

    def _settle(self, places: Sequence[_Place]) -> None:
        source_id = places[0].source_id
        arrivals = [place.arrival for place in places]
        together: dict[str, Received] = {}
        try:
            together = transact(
                self._engine, lambda session: receive_together(session, source_id, arrivals, self._keys)
            )
        except Exception as error:
            if is_the_connection(error):
                for place in places:
                    place.error = error
                return
            # One message may be what it stumbled over: each by itself, so that it harms no other.
            log.error("messages failed together", source=source_id, kind=type(error).__name__)
        for place in places:
            place.received = together.get(place.arrival.pending.event_id)
            if place.received is None:
                self._settle_alone(place)

    def _settle_alone(self, place: _Place) -> None:
        def work(session: Session) -> Received:
            require_same_secrets(session.connection(), place.arrival.pending.source)
            return receive_read(session, place.arrival, self._keys)

        try:
            place.received = transact(self._engine, work)
        except Exception as error:
            place.error = error
