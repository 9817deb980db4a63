"""The report of a payout run."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Report:
    """What a run did, by payout id.

    `waiting`: payout id to reason. `skipped`: id of a creator to whom nothing is paid, to reason.
    """

    paid: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    waiting: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
