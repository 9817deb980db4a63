"""What is to be written, and ids that follow from the seed."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from config.settings import Settings

ZONE = "Europe/Berlin"
CURRENCY = "EUR"
RATE_BP = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class FillOptions:
    """The history ends at `until` and began `months` calendar months before.

    What is left for jobs comes beside the `sales`, on the last day: `unaccrued` sales have no commission yet,
    `due` commissions wait for their release, `unadjusted` refunds for their entry. `open_month`: the last
    month has ended and is not closed.
    """

    settings: Settings
    sales: int
    creators: int
    until: datetime
    months: int = 12
    hold_days: int = 30
    seed: int = 1
    unaccrued: int = 0
    due: int = 0
    unadjusted: int = 0
    open_month: bool = False
    click_totals: int = 0
    click_days: int = 0

    @property
    def left(self) -> int:
        """The sales of the last day, which leave work for jobs."""
        return self.unaccrued + self.due + self.unadjusted


class SeededIds:
    """Public ids as `tracker/ids.py` makes them, but the same for the same seed."""

    def __init__(self, chance: random.Random) -> None:
        self._bits: Callable[[int], int] = chance.getrandbits

    def new(self, prefix: str, at: datetime) -> str:
        """A prefix and a UUIDv7 (RFC 9562): time in milliseconds, version, variant, random bits."""
        bits = self._bits(74)
        milliseconds = (at - _EPOCH) // _MILLISECOND
        high = 0x8000000000000000 | bits >> 12
        return f"{prefix}_{milliseconds:012x}7{bits & 0xFFF:03x}{high:016x}"
