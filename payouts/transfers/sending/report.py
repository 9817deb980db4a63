"""What a payout run did, for whoever started it."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Report:
    """What a run did, by payout id; `skipped` says for whom nothing was to be paid and why."""

    paid: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    waiting: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
