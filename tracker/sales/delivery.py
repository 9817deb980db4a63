"""How a report came, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.sales.models import Source

ALREADY = "already "
"""What the note of an event starts with that says nothing new."""


@dataclass(frozen=True)
class Delivery:
    """By which event a report came, and the keys that click tokens are read with."""

    now: datetime
    source: Source
    event_id: str
    keys: Sequence[str]


@dataclass(frozen=True)
class Booked:
    """`note` says why a report made no row.

    `is_new_sale`, and `is_new_name` of an order that is sold: others may have waited for it.
    """

    note: str | None = None
    is_new_sale: bool = False
    is_new_name: bool = False
