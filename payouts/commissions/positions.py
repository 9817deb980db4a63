"""In which period, and against which account, a change of a commission is posted (docs/money.md 6). Pure.

A change goes against the account where the money stood in the period that it is posted to. When the money
moved between `pending` and `payable` in a later period, what has changed moves with it there. So at the end
of no period is the `pending` of a commission below 0, and its last balances are those of its present state.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate


@dataclass(frozen=True)
class Movement:
    """What the postings of one period changed: `released` is what was released less what was held again."""

    pending_minor: int = 0
    payable_minor: int = 0
    released_minor: int = 0


@dataclass(frozen=True)
class Step:
    """A posting to make: the start of its period, the kind of event, and an amount above 0."""

    period_starts_at: datetime
    event: str
    amount_minor: int


_EFFECTS: Mapping[str, tuple[int, int]] = {
    "reverse_held": (-1, 0),
    "reinstate_held": (1, 0),
    "reverse_payable": (0, -1),
    "reinstate_payable": (0, 1),
    "mature": (-1, 1),
    "hold": (1, -1),
}
"""By kind of event: the signs of its effect on `pending` and on `payable`."""

_RELEASES: Mapping[str, int] = {"mature": 1, "hold": -1}

OPPOSITES: Mapping[str, str] = {
    "reverse_held": "reinstate_held",
    "reinstate_held": "reverse_held",
    "reverse_payable": "reinstate_payable",
    "reinstate_payable": "reverse_payable",
    "mature": "hold",
    "hold": "mature",
}
"""By kind of event: the one that undoes it."""


def after_steps(movements: Mapping[datetime, Movement], steps: Iterable[Step]) -> dict[datetime, Movement]:
    """What the postings of each period changed, with those of the steps."""
    after = dict(movements)
    for each in steps:
        on_pending, on_payable = _EFFECTS[each.event]
        before = after.get(each.period_starts_at, Movement())
        after[each.period_starts_at] = Movement(
            before.pending_minor + on_pending * each.amount_minor,
            before.payable_minor + on_payable * each.amount_minor,
            before.released_minor + _RELEASES.get(each.event, 0) * each.amount_minor,
        )
    return after


class Trajectory:
    """The balances of one commission at the end of each period, and the steps that change them."""

    def __init__(self, movements: Mapping[datetime, Movement], starts: Iterable[datetime]) -> None:
        """`movements` by start of period; `starts` are periods that steps may need without a movement."""
        self.starts = sorted({*movements, *starts})
        moved = [movements.get(each, Movement()) for each in self.starts]
        self.pending = list(accumulate(each.pending_minor for each in moved))
        self.payable = list(accumulate(each.payable_minor for each in moved))
        self._released = [each.released_minor for each in moved]
        self.steps: list[Step] = []

    def index(self, period_starts_at: datetime) -> int:
        return self.starts.index(period_starts_at)

    def least_pending(self, first: int) -> int:
        """The most that can leave `pending` in period `first` so that it is negative at no later end."""
        return max(min(self.pending[first:]), 0)

    def least_payable(self, first: int) -> int:
        return max(min(self.payable[first:]), 0)

    def least_total(self, first: int) -> int:
        totals = (held + owed for held, owed in zip(self.pending[first:], self.payable[first:], strict=True))
        return max(min(totals), 0)

    def step(self, index: int, event: str, amount_minor: int) -> None:
        """Post an amount in that period; 0 posts nothing."""
        if amount_minor == 0:
            return
        on_pending, on_payable = _EFFECTS[event]
        for later in range(index, len(self.starts)):
            self.pending[later] += on_pending * amount_minor
            self.payable[later] += on_payable * amount_minor
        self.steps.append(Step(self.starts[index], event, amount_minor))

    def add(self, first: int, amount_minor: int, *, held: bool) -> None:
        """Reinstate an amount, and let it take the later moves. `held`: the commission is held now."""
        in_pending = self.pending[first] > 0 or (self.payable[first] <= 0 and held)
        self.step(first, "reinstate_held" if in_pending else "reinstate_payable", amount_minor)
        for later in range(first + 1, len(self.starts)):
            if in_pending and self._released[later] > 0:
                self.step(later, "mature", amount_minor)
                in_pending = False
            elif not in_pending and self._released[later] < 0:
                self.step(later, "hold", amount_minor)
                in_pending = True
        if in_pending != held:  # the commission was moved when there was nothing of it to post
            self.step(len(self.starts) - 1, "mature" if in_pending else "hold", amount_minor)

    def take(self, first: int, amount_minor: int) -> None:
        """Reverse an amount: in each period from `first` on as much as stands until the last one."""
        left = amount_minor
        for index in range(first, len(self.starts)):
            taken = min(left, self.least_total(index))
            if index == len(self.starts) - 1:
                taken = left
            self._take_in(index, taken)
            left -= taken
        self.step(len(self.starts) - 1, "mature", min(max(-self.payable[-1], 0), max(self.pending[-1], 0)))

    def _take_in(self, index: int, amount_minor: int) -> None:
        from_pending = min(amount_minor, max(self.pending[index], 0))
        from_payable = amount_minor - from_pending
        self.step(index, "reverse_held", from_pending)
        self.step(index, "reverse_payable", from_payable)
        for later in range(index + 1, len(self.starts)):
            held_again = min(from_payable, max(-self._released[later], 0))
            self.step(later, "mature", held_again)  # what does not exist any more was not held again
            from_payable -= held_again
            self.step(later, "hold", max(-self.pending[later], 0))  # nor released

    def release(self, first: int) -> None:
        """Release everything that is held from period `first` on, in each period what stood there."""
        for index in range(first, len(self.starts)):
            self.step(index, "mature", max(self.pending[index], 0))
            self.step(index, "hold", max(-self.pending[index], 0))


def change_steps(
    movements: Mapping[datetime, Movement], period_starts_at: datetime, difference_minor: int, *, held: bool
) -> Sequence[Step]:
    """The postings of a change that belongs to one period. `held`: the commission is held now."""
    trajectory = Trajectory(movements, [period_starts_at])
    first = trajectory.index(period_starts_at)
    if difference_minor > 0:
        trajectory.add(first, difference_minor, held=held)
    else:
        trajectory.take(first, -difference_minor)
    return trajectory.steps


def release_steps(movements: Mapping[datetime, Movement], period_starts_at: datetime) -> Sequence[Step]:
    """The postings of a release that belongs to one period."""
    trajectory = Trajectory(movements, [period_starts_at])
    trajectory.release(trajectory.index(period_starts_at))
    return trajectory.steps


@dataclass(frozen=True)
class DraftPeriods:
    """The starts of the draft's period, to which decisions are posted, and of the open one for the rest."""

    draft_starts_at: datetime
    open_starts_at: datetime


def decline_steps(
    movements: Mapping[datetime, Movement], periods: DraftPeriods, amount_minor: int
) -> Sequence[Step]:
    """Reverse an amount by a decision on a draft: there no more than stands from then on, the rest now."""
    trajectory = Trajectory(movements, [periods.draft_starts_at, periods.open_starts_at])
    draft = trajectory.index(periods.draft_starts_at)
    from_pending = min(amount_minor, trajectory.least_pending(draft))
    from_payable = min(amount_minor - from_pending, trajectory.least_payable(draft))
    trajectory.step(draft, "reverse_held", from_pending)
    trajectory.step(draft, "reverse_payable", from_payable)
    trajectory.take(trajectory.index(periods.open_starts_at), amount_minor - from_pending - from_payable)
    return trajectory.steps


def hold_steps(
    movements: Mapping[datetime, Movement], periods: DraftPeriods, amount_minor: int
) -> Sequence[Step]:
    """Hold an open amount by a decision on a draft. `movements` of `payable` are those of its open part."""
    trajectory = Trajectory(movements, [periods.draft_starts_at, periods.open_starts_at])
    draft = trajectory.index(periods.draft_starts_at)
    in_draft = min(amount_minor, trajectory.least_payable(draft))
    trajectory.step(draft, "hold", in_draft)
    trajectory.step(trajectory.index(periods.open_starts_at), "hold", amount_minor - in_draft)
    return trajectory.steps


def release_in_draft_steps(movements: Mapping[datetime, Movement], periods: DraftPeriods) -> Sequence[Step]:
    """Release by a decision on a draft what was due before its cut-off."""
    trajectory = Trajectory(movements, [periods.draft_starts_at, periods.open_starts_at])
    draft = trajectory.index(periods.draft_starts_at)
    trajectory.step(draft, "mature", trajectory.least_pending(draft))
    trajectory.release(trajectory.index(periods.open_starts_at))
    return trajectory.steps
