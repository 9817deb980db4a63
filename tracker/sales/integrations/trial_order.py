"""An invented order, which a kind writes as its shop would: to try out a connection. Pure."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker.money import format_amount
from tracker.times import format_utc


@dataclass(frozen=True)
class TrialOrder:
    """Amounts are in minor units of the currency. `click` is the token of a click that led to the order."""

    number: int
    currency: str
    total: int
    tax: int
    shipping: int
    at: datetime
    click: str | None = None

    @property
    def time(self) -> str:
        return format_utc(self.at)

    def decimal(self, minor: int) -> str:
        """An amount as most shops write it, such as "95.00"."""
        return format_amount(minor, self.currency)


@dataclass(frozen=True)
class TrialMessage:
    """What the shop sends. `topic` is sent beside the body by the kinds that have one."""

    body: bytes
    topic: str = ""


def trial_message(value: dict[str, Any], topic: str = "") -> TrialMessage:
    return TrialMessage(json.dumps(value).encode(), topic)
