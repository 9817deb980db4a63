"""Creators leave a brand's programs: of their own accord, or removed for cause (docs/money.md 5)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from tracker.errors import Conflict, Invalid, NotFound
from tracker.people.accounts.operations import get_brand, get_creator
from tracker.programs.models import Coupon, Enrollment, Program
from tracker.programs.operations import get_program

REASON_LENGTH = 500


def remove_creator(
    session: Session,
    now: datetime,
    *,
    brand_id: str,
    creator_id: str,
    program_id: str | None = None,
    cause: str | None = None,
) -> Sequence[Enrollment]:
    """End what the creator has at the brand, or in one program of it: links, codes and bound customers.

    His earlier clicks run out their window; with `cause`, why he is removed, they earn nothing for sales
    from now on. Who has left may be removed for cause later. Sales that were made before keep their credit.
    Raises NotFound when he takes no part, Conflict when there is nothing left to end, Invalid.
    """
    reason = _checked_cause(cause)
    ids = _enrollment_ids(session, brand_id, creator_id, program_id)
    ending = (
        update(Enrollment)
        .where(Enrollment.id.in_(ids), Enrollment.state != "ended")
        .values(state="ended", ended_at=now)
    )
    ended = set(session.scalars(ending.returning(Enrollment.id)))
    if reason is not None:
        removal = update(Enrollment).where(Enrollment.id.in_(ids), Enrollment.removed_at.is_(None))
        removal = removal.values(removed_at=now, removal_reason=reason)
        ended |= set(session.scalars(removal.returning(Enrollment.id)))
    if not ended:
        how = "was removed" if reason is not None else "left"
        raise Conflict(f"Creator {creator_id} {how} already; nothing was written.")
    _end_coupons(session, now, ended)
    changed = select(Enrollment).where(Enrollment.id.in_(ended)).order_by(Enrollment.id)
    return session.scalars(changed.execution_options(populate_existing=True)).all()


def _checked_cause(cause: str | None) -> str | None:
    if cause is None:
        return None
    reason = " ".join(cause.split())
    if not 1 <= len(reason) <= REASON_LENGTH or not reason.isprintable():
        raise Invalid(f"Say why in 1 to {REASON_LENGTH} printable characters: the cause is kept.")
    return reason


def _enrollment_ids(
    session: Session, brand_id: str, creator_id: str, program_id: str | None
) -> Sequence[str]:
    brand, creator = get_brand(session, brand_id), get_creator(session, creator_id)
    query = (
        select(Enrollment.id)
        .join(Program, Program.id == Enrollment.program_id)
        .where(Program.brand_id == brand.id, Enrollment.creator_id == creator.id)
    )
    if program_id is not None:
        query = query.where(Program.id == get_program(session, program_id).id)
    ids = session.scalars(query).all()
    if not ids:
        raise NotFound(f"Creator {creator.id} takes part in no such program of brand {brand.id}.")
    return ids


def _end_coupons(session: Session, now: datetime, enrollment_ids: set[str]) -> None:
    """A code that was to end later ends now."""
    session.execute(
        update(Coupon)
        .where(Coupon.enrollment_id.in_(enrollment_ids))
        .where(or_(Coupon.ended_at.is_(None), Coupon.ended_at > now))
        .values(ended_at=now)
        .execution_options(synchronize_session=False)
    )
