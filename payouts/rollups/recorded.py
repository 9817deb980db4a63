"""Which days are touched by the rows that were recorded in a time; each row's id contains that time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, literal, or_, select
from sqlalchemy.orm import Session

from payouts.commissions.models import Commission, Entry
from payouts.rollups.models import CountedSlot
from tracker.ids import id_time, public_id, uuid_lower_bound
from tracker.sales.orders.models import (
    Cancellation,
    CumulativeRefund,
    DisputeStatus,
    Refund,
    RefundFailure,
    Sale,
)

SLOT = timedelta(minutes=5)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

CAUSES: Mapping[Any, str] = {
    Refund: "ref",
    RefundFailure: "rff",
    CumulativeRefund: "rfl",
    Cancellation: "can",
    DisputeStatus: "dsp",
}
"""Tables of what changes how much of a sale was refunded, with the prefixes of their ids."""
_RECORDED: dict[Any, str] = {Sale: "sal", Entry: "cen", **CAUSES}

_MOVE_CREDIT = ("accrue", "confirmed", "superseded")
"""Kinds of entries after which another creator or link may be credited."""


class TouchedDay(NamedTuple):
    """A sale of this brand was paid at that time, and something about it was recorded."""

    brand_id: str
    occurred_at: datetime


class Recorded(NamedTuple):
    """What was recorded in a time slot: how many rows, and the sales whose totals they can change."""

    rows: int
    touched: set[TouchedDay]


def slot_of(at: datetime) -> datetime:
    return EPOCH + (at - EPOCH) // SLOT * SLOT


def rows_between(session: Session, start: datetime, end: datetime) -> int:
    return sum(
        session.scalar(_number(table), _bounds(prefix, start, end)) or 0
        for table, prefix in _RECORDED.items()
    )


def counted_between(session: Session, start: datetime, end: datetime) -> int:
    """How many of these rows the totals take into account."""
    return int(session.scalar(select(func.sum(CountedSlot.counted)).where(*_slots(start, end))) or 0)


def latest_counted_slot(session: Session) -> datetime:
    newest = select(CountedSlot.starts_at).order_by(CountedSlot.starts_at.desc()).limit(1)
    return session.scalar(newest) or EPOCH


def is_counted(session: Session, brand_id: str, spans: Iterable[tuple[datetime, datetime]]) -> bool:
    """Whether the totals take into account all that was recorded about a brand's sales of these times."""
    slots = {
        slot_of(id_time(identifier))
        for start, end in spans
        for table in _RECORDED
        for identifier in session.scalars(
            _about_sales(table), {"brand_id": brand_id, "start": start, "end": end}
        )
    }
    return all(
        rows_between(session, slot, slot + SLOT) <= counted_between(session, slot, slot + SLOT)
        for slot in slots
    )


def changed_slots(session: Session, start: datetime, end: datetime) -> dict[datetime, Recorded]:
    """The slots of that time in which more was recorded than the totals take into account."""
    found = _recorded(session, start, end)
    counted = select(CountedSlot.starts_at, CountedSlot.counted).where(*_slots(start, end))
    for slot, rows in session.execute(counted):
        if slot in found and found[slot].rows == rows:
            del found[slot]
    return found


def _recorded(session: Session, start: datetime, end: datetime) -> dict[datetime, Recorded]:
    rows: Counter[datetime] = Counter()
    touched: dict[datetime, set[TouchedDay]] = defaultdict(set)
    for table, prefix in _RECORDED.items():
        for identifier, brand_id, occurred_at, counts in _rows(session, table, prefix, start, end):
            slot = slot_of(id_time(identifier))
            rows[slot] += 1
            if counts:
                touched[slot].add(TouchedDay(brand_id, occurred_at))
    return {slot: Recorded(number, touched[slot]) for slot, number in rows.items()}


def _slots(start: datetime, end: datetime) -> tuple[Any, Any]:
    return CountedSlot.starts_at >= start, CountedSlot.starts_at < end


def _rows(
    session: Session, table: Any, prefix: str, start: datetime, end: datetime
) -> Iterator[tuple[str, str, datetime, bool]]:
    rows = session.execute(_with_sale(table), _bounds(prefix, start, end), execution_options=_STREAMED)
    return (tuple(row) for row in rows)  # type: ignore[misc]


_STREAMED = {"yield_per": 1000}


def _bounds(prefix: str, start: datetime, end: datetime) -> dict[str, str]:
    return {
        "first": public_id(prefix, uuid_lower_bound(start)),
        "last": public_id(prefix, uuid_lower_bound(end)),
    }


@cache
def _number(table: Any) -> Select[int]:
    """The number of rows recorded in a time. Parameters: `first`, `last`."""
    return select(func.count()).select_from(table).where(*_within(table))


@cache
def _with_sale(table: Any) -> Select[str, str, datetime, bool]:
    """These rows: id, brand and time of the sale, whether they can change totals. Parameters: as before."""
    counts: Any = literal(True) if table is not Entry else _changes_totals()
    rows = select(table.id, Sale.brand_id, Sale.occurred_at, counts).where(*_within(table))
    if table is Entry:
        rows = rows.join(Commission, Commission.id == Entry.commission_id)
        return rows.join(Sale, Sale.id == Commission.sale_id)
    return rows if table is Sale else rows.join(Sale, Sale.id == table.sale_id)


@cache
def _about_sales(table: Any) -> Select[str]:
    """Ids of rows about the sales of a brand and a time. Parameters: `brand_id`, `start`, `end`."""
    within = (Sale.occurred_at >= bindparam("start"), Sale.occurred_at < bindparam("end"))
    rows = select(table.id).where(Sale.brand_id == bindparam("brand_id"), *within)
    if table is Entry:
        return rows.join(Commission, Commission.id == Entry.commission_id).join(
            Sale, Sale.id == Commission.sale_id
        )
    return rows if table is Sale else rows.join(Sale, Sale.id == table.sale_id)


def _changes_totals() -> Any:
    return or_(Entry.kind.in_(_MOVE_CREDIT), Entry.amount_before_minor != Entry.amount_after_minor)


def _within(table: Any) -> tuple[Any, Any]:
    return table.id >= bindparam("first"), table.id < bindparam("last")
