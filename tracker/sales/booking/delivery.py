"""How a report was delivered, and the result of booking it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import DeclarativeBase, Session

from config.insert import insert_once
from tracker.ids import new_id
from tracker.reasons import Reason
from tracker.sales.orders.models import Sale
from tracker.sales.sources.models import Source


@dataclass(frozen=True)
class Delivery:
    """The event that delivered a report, and the secret keys that verify click tokens.

    For a message of a supporting source: `names` are all names that it gives its order, `ambiguous_order_ids`
    the matching orders if there are several, and `is_test` whether it is a test, if the message says so.
    """

    now: datetime
    source: Source
    event_id: str
    keys: Sequence[str]
    names: tuple[str, ...] = ()
    ambiguous_order_ids: tuple[str, ...] = ()
    is_test: bool | None = None


@dataclass(frozen=True)
class BookingResult:
    """`notes`: why nothing was counted. `may_unpark`: parked events may have waited for this report."""

    notes: tuple[Reason, ...] = ()
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
    """Insert a row for a sale unless its key exists; returns whether it is new. `values`: other columns."""
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
