"""How a report was delivered, and the result of booking it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import DeclarativeBase, Session

from config.insert import insert_once
from tracker.ids import new_id
from tracker.sales.orders.models import Sale
from tracker.sales.sources.models import Source

ALREADY_PREFIX = "already "
"""Prefix of the note of events that repeat what is booked."""


@dataclass(frozen=True)
class Delivery:
    """By which event a report came, and the keys that click tokens are read with.

    Of the message of a supporting source: all `names` that it gives its order, the orders of which each may
    be meant, where there are `several`, and whether it is a test, when it says so.
    """

    now: datetime
    source: Source
    event_id: str
    keys: Sequence[str]
    names: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    is_test: bool | None = None


@dataclass(frozen=True)
class BookingResult:
    """`note` says why a report made no row that counts; `may_unpark`: others may have waited for this."""

    note: str | None = None
    may_unpark: bool = False


def record_once(
    session: Session,
    delivery: Delivery,
    table: type[DeclarativeBase],
    prefix: str,
    sale: Sale,
    occurred_at: datetime,
    **values: Any,
) -> bool:
    """The row of what a report says of a sale, unless one with its key is there; whether it is new."""
    return insert_once(
        session,
        table,
        id=new_id(prefix, delivery.now),
        sale_id=sale.id,
        event_id=delivery.event_id,
        occurred_at=occurred_at,
        created_at=delivery.now,
        **values,
    )
