"""The outcomes of the lines of a file: one for each line, and their counts."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

State = Literal["new", "known", "waiting", "conflict", "rejected"]
STATES: tuple[State, ...] = ("new", "known", "waiting", "conflict", "rejected")


@dataclass(frozen=True)
class Outcome:
    """The outcome of one line.

    new: booked. known: imported or booked before. waiting: stored until its order is reported. conflict:
    stored but not applied, and the order's commission is held until a person decides. rejected: not stored.
    """

    number: int
    state: State
    reason: str | None = None
    event_id: str | None = None


class Tally:
    """Counts the lines of each outcome."""

    def __init__(self) -> None:
        self._states: Counter[State] = Counter()

    def add(self, state: State) -> None:
        self._states[state] += 1

    def still_waiting(self, number: int) -> None:
        """At the end, only `number` lines still wait for their order; the other waiting lines were booked."""
        booked = self._states["waiting"] - number
        self._states["waiting"] -= booked
        self._states["new"] += booked

    @property
    def counts(self) -> dict[str, int]:
        return {"lines": self._states.total(), **{state: self._states[state] for state in STATES}}
