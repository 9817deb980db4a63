"""Creators leave a brand's programs, are removed for cause, or come back (docs/money.md 5)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Conflict, Invalid, NotFound
from tracker.people.accounts.operations import get_brand, get_creator
from tracker.programs.models import Coupon, Enrollment, Program
from tracker.programs.operations import add_coupon, get_program
from tracker.programs.reasons import REMOVAL_TEXTS, RemovalReason
from tracker.reasons import Reason

REASON_LENGTH = 500


def remove_creator(
    session: Session,
    now: datetime,
    *,
    actor: Actor,
    brand_id: str,
    creator_id: str,
    program_id: str | None = None,
    cause: str | None = None,
) -> Sequence[Enrollment]:
    """End a creator's enrollments at a brand, or in one program: their links, coupons and bound customers.

    Earlier clicks keep earning until the end of their window; with `cause`, the reason of a removal, they
    earn nothing for sales from now on. A creator who has left can be removed for cause later. Earlier sales
    stay credited. Returns the changed enrollments. Raises NotFound when the creator is not enrolled, Conflict
    when nothing is left to end, and Invalid.
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
        ended |= _mark_removed(session, now, ids, reason)
    if not ended:
        state = "was already removed" if reason is not None else "has already left"
        raise Conflict(f"Creator {creator_id} {state}; nothing was written.")
    _end_coupons(session, now, ended)
    record(
        session,
        now,
        actor,
        Action.CREATOR_REMOVE,
        **about(Subject.CREATOR, creator_id, brand_id),
        after={"enrollments": sorted(ended), "for_cause": reason is not None},
        personal=None if reason is None else dict(reason.parameters),
    )
    changed = select(Enrollment).where(Enrollment.id.in_(ended)).order_by(Enrollment.id)
    return session.scalars(changed.execution_options(populate_existing=True)).all()


def _mark_removed(session: Session, now: datetime, ids: Sequence[str], reason: Reason) -> set[str]:
    """Write the removal for cause to those of the enrollments that have none since they were readmitted."""
    not_removed = or_(Enrollment.removed_at.is_(None), Enrollment.removed_at <= Enrollment.readmitted_at)
    removal = update(Enrollment).where(Enrollment.id.in_(ids), not_removed)
    removal = removal.values(
        removed_at=now,
        removal_reason=REMOVAL_TEXTS.words(reason),
        removal_reason_code=reason.code.value,
        removal_reason_parameters=dict(reason.parameters),
    )
    return set(session.scalars(removal.returning(Enrollment.id)))


def readmit_creator(
    session: Session,
    now: datetime,
    *,
    actor: Actor,
    brand_id: str,
    creator_id: str,
    program_id: str | None = None,
    coupon: str | None = None,
) -> Sequence[Enrollment]:
    """Make ended enrollments of a creator at a brand, or in one program, active again.

    Links that had not ended themselves work again. Codes stay ended; `coupon` is a new one. Clicks from
    before a removal for cause stay without effect; a creator who just left keeps those in their window. The
    end and the removal stay as history. Returns the enrollments. Raises NotFound when the creator was never
    enrolled, Conflict when nothing has ended, the program has, or the code is taken, and Invalid.
    """
    if coupon is not None and program_id is None:
        raise Invalid("Give the program with --program: a code belongs to the creator in one program.")
    ids = _enrollment_ids(session, brand_id, creator_id, program_id)
    going_on = select(Program.id).where(Program.state != "ended")
    readmission = (
        update(Enrollment)
        .where(Enrollment.id.in_(ids), Enrollment.state == "ended", Enrollment.program_id.in_(going_on))
        .values(state="active", readmitted_at=now)
    )
    active = session.scalars(readmission.returning(Enrollment.id)).all()
    if not active:
        raise Conflict(
            f"Creator {creator_id} takes part already, or the program has ended; nothing was written."
        )
    if coupon is not None:
        add_coupon(session, now, brand_id=brand_id, enrollment_id=active[0], code=coupon)
    record(
        session,
        now,
        actor,
        Action.CREATOR_READMIT,
        **about(Subject.CREATOR, creator_id, brand_id),
        after={"enrollments": sorted(active), "coupon": coupon},
    )
    changed = select(Enrollment).where(Enrollment.id.in_(active)).order_by(Enrollment.id)
    return session.scalars(changed.execution_options(populate_existing=True)).all()


def _checked_cause(cause: str | None) -> Reason | None:
    if cause is None:
        return None
    words = " ".join(cause.split())
    if not 1 <= len(words) <= REASON_LENGTH or not words.isprintable():
        raise Invalid(f"Give the cause in 1 to {REASON_LENGTH} printable characters; it is stored.")
    return Reason(RemovalReason.IN_OWN_WORDS, {"words": words})


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
        raise NotFound(f"Creator {creator.id} does not take part in such a program of brand {brand.id}.")
    return ids


def _end_coupons(session: Session, now: datetime, enrollment_ids: set[str]) -> None:
    """End the coupons now, including those with a later end."""
    session.execute(
        update(Coupon)
        .where(Coupon.enrollment_id.in_(enrollment_ids))
        .where(or_(Coupon.ended_at.is_(None), Coupon.ended_at > now))
        .values(ended_at=now)
        .execution_options(synchronize_session=False)
    )
