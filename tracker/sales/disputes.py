"""Which step of a dispute counts (MONEY 3). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from tracker.sales.normal import DisputeStatusName


@dataclass(frozen=True)
class DisputeStep:
    """One reported status of a dispute; `occurred_at` is a text that sorts by time."""

    dispute_id: str
    status: DisputeStatusName
    amount: int
    occurred_at: str


def dispute_standing(steps: Sequence[DisputeStep]) -> DisputeStep | None:
    """The step of one dispute that counts: a terminal one beats `opened`, then the later one.

    Won and lost at the same moment is lost: which of both a shop told first must not decide.
    """
    return max(
        steps,
        key=lambda step: (step.status != "opened", step.occurred_at, step.status == "lost"),
        default=None,
    )


def lost_disputes(steps: Sequence[DisputeStep]) -> dict[str, int]:
    """What each dispute took, by its id, of those that are lost as it stands now."""
    ids = sorted({step.dispute_id for step in steps})
    standing = [dispute_standing([step for step in steps if step.dispute_id == each]) for each in ids]
    return {each.dispute_id: each.amount for each in standing if each is not None and each.status == "lost"}
