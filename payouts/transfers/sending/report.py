"""The report of a payout run."""

from dataclasses import asdict, dataclass, field
from typing import Any

from payouts.settlement.reasons import PAYOUT_TEXTS
from tracker.reasons import Reason


@dataclass
class Report:
    """What a run did, by payout id.

    `settled`: payouts whose entries sum to 0, so that nothing was sent. `waiting`: payout id to reason.
    `skipped`: id of a creator to whom nothing is paid, to reason. `reasons`: both kinds of id to the code and
    parameters of that reason.
    """

    paid: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    waiting: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, dict[str, Any]] = field(default_factory=dict)

    def wait(self, payout_id: str, reason: Reason) -> None:
        self.waiting[payout_id] = self._add_reason(payout_id, reason)

    def skip(self, creator_id: str, reason: Reason) -> None:
        self.skipped[creator_id] = self._add_reason(creator_id, reason)

    def _add_reason(self, subject_id: str, reason: Reason) -> str:
        """Returns the words."""
        columns = PAYOUT_TEXTS.columns(reason)
        words = str(columns.pop("reason"))
        self.reasons[subject_id] = columns
        return words

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
