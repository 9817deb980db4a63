"""Which reported status of a dispute counts (docs/money.md 3). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class DisputeUpdate:
    """One reported status of a dispute; `occurred_at` is a string that sorts by time."""

    dispute_id: str
    status: Literal["opened", "won", "lost"]
    amount: int
    occurred_at: str


def decisive_update(updates: Sequence[DisputeUpdate]) -> DisputeUpdate | None:
    """The update of a dispute that counts: a final status beats `opened`, then the later update does.

    Of won and lost at the same time, lost counts: the order of reports must not matter (docs/money.md 3).
    """
    return max(
        updates,
        key=lambda update: (update.status != "opened", update.occurred_at, update.status == "lost"),
        default=None,
    )
