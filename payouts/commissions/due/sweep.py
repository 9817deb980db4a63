"""Finds what waits to be booked without a row that says so: what a fault or a person could have deleted.

It reads all attributions and reports, by pages. Triggers leave the rows, so it finds nothing as a rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from config.insert import insert_once
from payouts.commissions.due.work import Work
from payouts.commissions.models import BookingWork, Commission, Entry, WorkKind
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.models import (
    Cancellation,
    CumulativeRefund,
    DisputeStatus,
    Refund,
    RefundFailure,
    Sale,
)

_Cause = type[Attribution] | type[Refund] | type[RefundFailure] | type[CumulativeRefund] | type[Cancellation]
_TABLES: dict[WorkKind, _Cause | type[DisputeStatus]] = {
    WorkKind.ATTRIBUTION: Attribution,
    WorkKind.REFUND: Refund,
    WorkKind.REFUND_FAILED: RefundFailure,
    WorkKind.REFUND_LEVEL: CumulativeRefund,
    WorkKind.CANCELLATION: Cancellation,
    WorkKind.DISPUTE: DisputeStatus,
}


@dataclass(frozen=True)
class MissingWork:
    """What a page of causes lacks. `last_id` is the last cause of the page; None when there was none."""

    found: Sequence[Work]
    last_id: str | None


def missing_work(session: Session, kind: WorkKind, after_id: str, page_rows: int) -> MissingWork:
    """The causes of a page that are due and not noted, in the order of their ids. It only reads."""
    page = {"after_id": after_id, "page_rows": page_rows}
    last_id = session.scalar(_last_query(kind), page)
    if last_id is None:
        return MissingWork([], None)
    rows = session.execute(_missing_query(kind), {"after_id": after_id, "last_id": last_id})
    return MissingWork([Work(owner, kind, cause_id, sale_id) for owner, cause_id, sale_id in rows], last_id)


def note_work(session: Session, missing: Sequence[Work]) -> int:
    """Note what is missing. Returns how much was: a cause may have been noted since it was read."""
    return sum(
        insert_once(
            session,
            BookingWork,
            brand_id=each.brand_id,
            kind=each.kind.value,
            cause_id=each.cause_id,
            sale_id=each.sale_id,
        )
        for each in missing
    )


@cache
def _last_query(kind: WorkKind) -> Select[str]:
    """Parameters: `after_id`, `page_rows`."""
    cause_id = _TABLES[kind].id
    page = select(cause_id).where(cause_id > bindparam("after_id")).order_by(cause_id)
    ids = page.limit(bindparam("page_rows")).subquery()
    return select(func.max(ids.c.id))


@cache
def _missing_query(kind: WorkKind) -> Select[str, str, str]:
    """Brand, cause and sale of each. Parameters: `after_id`, `last_id`."""
    table = _TABLES[kind]
    noted = exists().where(
        BookingWork.brand_id == Sale.brand_id,
        BookingWork.kind == kind.value,
        BookingWork.cause_id == table.id,
    )
    unnoted = (
        select(Sale.brand_id, table.id, table.sale_id)
        .select_from(table)
        .join(Sale, Sale.id == table.sale_id)
        .where(table.id > bindparam("after_id"), table.id <= bindparam("last_id"), ~noted)
        .order_by(table.id)
    )
    if kind is WorkKind.ATTRIBUTION:
        return unnoted.where(*_is_due_for_accrual())
    entered = exists().where(Entry.commission_id == Commission.id, Entry.cause_id == table.id)
    return unnoted.join(Commission, (Commission.sale_id == Sale.id) & Commission.live).where(~entered)


def _is_due_for_accrual() -> Sequence[ColumnElement[bool]]:
    """The newest attribution of a sale that has no commission for it, unless a person has to decide."""
    newer = aliased(Attribution)
    is_newest = ~exists().where(newer.sale_id == Attribution.sale_id, newer.revision > Attribution.revision)
    own = exists().where(Commission.sale_id == Attribution.sale_id)
    is_processed = own.where(Commission.revision >= Attribution.revision)
    was_released = own.where(Commission.live, Commission.first_released_at.is_not(None))
    credits_or_takes = or_(Attribution.enrollment_id.is_not(None), own.where(Commission.live))
    return [credits_or_takes, is_newest, ~is_processed, ~was_released, ~Sale.test]
