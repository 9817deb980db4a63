"""Connections that wait for their client, and for how long. One look in each second replaces all timers."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple, Protocol


class Waiting(Protocol):
    """A connection, as this module sees it."""

    def expire(self) -> None:
        """The client took too long."""

    def drop(self) -> None:
        """Close the connection at once, without waiting for the client."""


class Timeouts(NamedTuple):
    """How long a connection may wait for its client, in seconds."""

    head_s: float = 10.0
    """Until the end of a head: the first one counts from accept, others from their first byte."""
    keep_alive_s: float = 5.0
    body_s: float = 5.0
    unread_s: float = 10.0
    """For a client that does not read its responses."""
    linger_s: float = 2.0
    """For a client to hang up after the last response; an earlier close can lose its last bytes."""
    sweep_s: float = 1.0
    """Between two looks at all connections, so every limit can be exceeded by this."""
    arrival_s: float = 0.05
    """How long a stopping worker waits for requests that have just arrived."""


@dataclass(eq=False)
class WaitList:
    """The connections that wait for one reason, with the time since when; the longest waiting is first."""

    limit_s: float

    def __post_init__(self) -> None:
        self.since: dict[Waiting, float] = {}


class WaitLists:
    """All wait lists of a worker. A connection is in at most one of them."""

    def __init__(self, timeouts: Timeouts) -> None:
        self.head = WaitList(timeouts.head_s)
        self.idle = WaitList(timeouts.keep_alive_s)
        self.body = WaitList(timeouts.body_s)
        self.unread = WaitList(timeouts.unread_s)
        self.linger = WaitList(timeouts.linger_s)

    def sweep(self, now_s: float) -> None:
        """Tell every connection whose time is over."""
        for connection in [each for waits in self._all() for each in _overdue(waits, now_s)]:
            connection.expire()

    def longest(self) -> Waiting | None:
        """The connection that has waited for its client the longest, for any reason."""
        firsts = [next(iter(waits.since.items())) for waits in self._all() if waits.since]
        return min(firsts, key=lambda item: item[1])[0] if firsts else None

    def _all(self) -> Iterator[WaitList]:
        yield from (self.head, self.idle, self.body, self.unread, self.linger)


def _overdue(waits: WaitList, now_s: float) -> list[Waiting]:
    latest = now_s - waits.limit_s
    return list(takewhile(lambda connection: waits.since[connection] <= latest, waits.since))
