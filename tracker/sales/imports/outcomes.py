"""What became of the lines of a file: one outcome each, and the sums that account for every line."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

State = Literal["new", "known", "waiting", "conflict", "rejected"]
STATES: tuple[State, ...] = ("new", "known", "waiting", "conflict", "rejected")


@dataclass(frozen=True)
class Outcome:
    """new: it was booked. known: it was here before. waiting: kept until its order comes. conflict: kept, not
    applied, and nothing that its order earned is paid until a person decides. rejected: nothing is kept.
    """

    number: int
    state: State
    reason: str | None = None
    event_id: str | None = None


class Tally:
    """How many lines there were of each outcome."""

    def __init__(self) -> None:
        self._states: Counter[State] = Counter()

    def add(self, state: State) -> None:
        self._states[state] += 1

    def still_waiting(self, number: int) -> None:
        """Of the lines that were kept until their order comes, only these still wait at the end."""
        came = self._states["waiting"] - number
        self._states["waiting"] -= came
        self._states["new"] += came

    @property
    def counts(self) -> dict[str, int]:
        return {"lines": self._states.total(), **{state: self._states[state] for state in STATES}}
