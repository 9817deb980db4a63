"""What waits to be booked: triggers leave a row with each cause, and the job that processes it deletes it.

A process of an older version leaves them, too. A cause that is not due, because its sale earns nothing or a
person has to decide, is processed to nothing; what makes it due later is a new cause, or a new commission.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ColumnElement, Delete, Select, bindparam, delete, exists, select
from sqlalchemy.orm import Session

from config.among import among
from payouts.commissions.models import BookingWork, Commission, WorkKind
from tracker.people.accounts.models import Brand

ACCRUAL = frozenset({WorkKind.ATTRIBUTION})
ADJUSTMENT = frozenset(WorkKind) - ACCRUAL


@dataclass(frozen=True)
class Work:
    """A cause that waits to be booked, and its sale."""

    brand_id: str
    kind: WorkKind
    cause_id: str
    sale_id: str


def brands_with_work(session: Session, kinds: Collection[WorkKind]) -> list[str]:
    """The brands that have work of these kinds, by id. One look-up per brand and kind."""
    return list(session.scalars(_brands_query(), {"kinds": sorted(kinds)}))


@cache
def _brands_query() -> Select[str]:
    """Parameter: `kinds`."""
    waiting = exists().where(BookingWork.brand_id == Brand.id, among(BookingWork.kind, "kinds"))
    return select(Brand.id).where(waiting).order_by(Brand.id)


def waiting_work(
    session: Session, kinds: Collection[WorkKind], limit: int, *, brand_id: str = "", creator_id: str = ""
) -> Sequence[Work]:
    """Up to `limit` causes of these kinds, by id; with `creator_id` of sales that the creator is credited."""
    owner = {"brand_id": brand_id, "creator_id": creator_id}
    parameters = {"kinds": sorted(kinds), "limit": limit, **owner}
    rows = session.execute(_waiting_query(bool(brand_id), bool(creator_id)), parameters)
    return [Work(owner, WorkKind(kind), cause_id, sale_id) for owner, kind, cause_id, sale_id in rows]


@cache
def _waiting_query(for_brand: bool, for_creator: bool) -> Select[str, str, str, str]:
    """Parameters: `kinds`, `limit`, `brand_id`, `creator_id`."""
    owner: list[ColumnElement[bool]] = []
    if for_brand:
        owner.append(BookingWork.brand_id == bindparam("brand_id"))
    if for_creator:
        own = exists().where(Commission.sale_id == BookingWork.sale_id, Commission.live)
        owner.append(own.where(Commission.creator_id == bindparam("creator_id")))
    return (
        select(BookingWork.brand_id, BookingWork.kind, BookingWork.cause_id, BookingWork.sale_id)
        .where(among(BookingWork.kind, "kinds"), *owner)
        .order_by(BookingWork.cause_id)
        .limit(bindparam("limit"))
    )


def finish_work(session: Session, done: Sequence[Work]) -> None:
    """Delete the work that was processed, in the transaction that processed it."""
    for brand_id in sorted({each.brand_id for each in done}):
        own = [each for each in done if each.brand_id == brand_id]
        session.execute(
            _finish_query(),
            {
                "brand_id": brand_id,
                "kinds": sorted({each.kind for each in own}),
                "cause_ids": [each.cause_id for each in own],
            },
        )


@cache
def _finish_query() -> Delete:
    """Parameters: `brand_id`, `kinds`, `cause_ids`."""
    return (
        delete(BookingWork)
        .where(
            BookingWork.brand_id == bindparam("brand_id"),
            among(BookingWork.kind, "kinds"),
            among(BookingWork.cause_id, "cause_ids"),
        )
        .execution_options(synchronize_session=False)
    )
