"""Programs, enrollments and coupons. Every function works in the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Conflict, NotFound
from tracker.ids import new_id
from tracker.lookup import get_by_id
from tracker.people.accounts.operations import get_brand, get_creator
from tracker.people.accounts.rules import normalize_name
from tracker.programs.codes import code_key, coupon_code
from tracker.programs.models import Coupon, Enrollment, Program, RateOverride, Terms
from tracker.programs.rules import (
    TAKE_BACK_MONTHS,
    Conditions,
    checked_parameters,
    checked_rate_bp,
    checked_token_parameter,
)
from tracker.programs.terms import add_terms

PROGRAM = "prg"
ENROLLMENT = "enr"
TOKEN_PARAMETER = "ll"


def create_program(
    session: Session,
    now: datetime,
    *,
    actor: Actor,
    brand_id: str,
    name: str,
    rate_bp: int,
    base: str = "net",
    window_days: int = 30,
    hold_days: int = 30,
    take_back_months: int = TAKE_BACK_MONTHS,
    token_parameter: str = TOKEN_PARAMETER,
) -> Program:
    """Create a program and version 1 of its terms.

    `rate_bp` is in basis points; `token_parameter` is the query parameter that carries the click token.
    Raises Invalid, and NotFound for the brand.
    """
    brand = get_brand(session, brand_id)
    conditions = Conditions(rate_bp, base, window_days, hold_days, take_back_months)
    program = Program(
        id=new_id(PROGRAM, now),
        brand_id=brand.id,
        name=normalize_name(name),
        state="active",
        token_parameter=checked_token_parameter(token_parameter),
        created_at=now,
    )
    session.add(program)
    session.flush()
    add_terms(session, now, program.id, 1, now, conditions)
    after = {"name": program.name, "token_parameter": program.token_parameter, **vars(conditions)}
    _record(session, now, actor, Action.PROGRAM_CREATE, program, after=after)
    return program


def get_program(session: Session, program_id: str) -> Program:
    """Raises Invalid for a malformed id, and NotFound."""
    return get_by_id(
        session, Program, program_id, PROGRAM, "program", "See them with: linkledger program list"
    )


def list_programs(session: Session, brand_id: str | None = None) -> Sequence[Program]:
    programs = select(Program).order_by(Program.id)
    if brand_id is not None:
        programs = programs.where(Program.brand_id == get_brand(session, brand_id).id)
    return session.scalars(programs).all()


def set_parameters(
    session: Session, now: datetime, *, actor: Actor, program_id: str, parameters: Mapping[str, str]
) -> Program:
    """Replace the parameters that are added to every destination of the program. Raises Invalid, NotFound."""
    program = get_program(session, program_id)
    wanted = checked_parameters(parameters, program.token_parameter)
    session.refresh(program, with_for_update=True)
    former = program.parameters
    session.execute(update(Program).where(Program.id == program.id).values(parameters=wanted))
    session.refresh(program)
    if former != program.parameters:
        changes = {"before": {"parameters": former}, "after": {"parameters": program.parameters}}
        _record(session, now, actor, Action.PROGRAM_PARAMETERS_SET, program, **changes)
    return program


def _record(
    session: Session, now: datetime, actor: Actor, action: Action, program: Program, **changes: Any
) -> None:
    record(session, now, actor, action, **about(Subject.PROGRAM, program.id, program.brand_id), **changes)


def list_terms(session: Session, program_id: str) -> Sequence[Terms]:
    """Every version of the terms, the oldest first. Raises NotFound for the program."""
    program = get_program(session, program_id)
    versions = select(Terms).where(Terms.program_id == program.id)
    return session.scalars(versions.order_by(Terms.version)).all()


def enroll(
    session: Session,
    now: datetime,
    *,
    actor: Actor,
    program_id: str,
    creator_id: str,
    rate_bp: int | None = None,
    coupon: str | None = None,
) -> Enrollment:
    """Enroll a creator in a program, with an optional own rate in basis points and an optional coupon code.

    Raises Invalid, NotFound, and Conflict when the creator is or was enrolled or the coupon code is taken.
    """
    program, creator = get_program(session, program_id), get_creator(session, creator_id)
    if program.state == "ended":
        raise Conflict(f"Program {program.id} has ended; creators can no longer join it.")
    identifier = new_id(ENROLLMENT, now)
    row = {"id": identifier, "program_id": program.id, "creator_id": creator.id}
    if not insert_once(session, Enrollment, **row, state="active", created_at=now):
        raise _already_enrolled(session, program, creator.id)
    if rate_bp is not None:
        override = RateOverride(
            id=new_id("rov", now),
            enrollment_id=identifier,
            effective_at=now,
            rate_bp=checked_rate_bp(rate_bp),
            created_at=now,
        )
        session.add(override)
    if coupon is not None:
        add_coupon(session, now, brand_id=program.brand_id, enrollment_id=identifier, code=coupon)
    session.flush()
    record(
        session,
        now,
        actor,
        Action.ENROLLMENT_CREATE,
        **about(Subject.ENROLLMENT, identifier, program.brand_id),
        after={"program": program.id, "creator": creator.id, "rate_bp": rate_bp, "coupon": coupon},
    )
    return session.get_one(Enrollment, identifier)


def _already_enrolled(session: Session, program: Program, creator_id: str) -> Conflict:
    existing = get_enrollment(session, program_id=program.id, creator_id=creator_id)
    if existing.state == "ended":
        return Conflict(
            f"Creator {creator_id} left program {program.id}. Let them take part again with: linkledger "
            f"creator readmit {creator_id} --brand {program.brand_id} --program {program.id}"
        )
    return Conflict(f"Creator {creator_id} already takes part in program {program.id}; nothing was written.")


def add_coupon(session: Session, now: datetime, *, brand_id: str, enrollment_id: str, code: str) -> None:
    """Give an enrollment a coupon code. Raises Invalid, and Conflict: each code has one owner forever."""
    written = coupon_code(code)
    row = {"id": new_id("cpn", now), "brand_id": brand_id, "enrollment_id": enrollment_id, "ended_at": None}
    if insert_once(session, Coupon, **row, code=written, code_key=code_key(written), created_at=now):
        return
    is_owner = (Coupon.code_key == code_key(written), Coupon.enrollment_id == enrollment_id)
    if session.scalar(select(Coupon.id).where(Coupon.brand_id == brand_id, *is_owner)) is not None:
        raise Conflict(
            f"The coupon code {written!r} ended when its creator left, and stays ended; nothing was written. "
            "Choose a new code."
        )
    raise Conflict(
        f"The coupon code {written!r} belongs to another creator of the brand; nothing was written."
    )


def get_enrollment(session: Session, *, program_id: str, creator_id: str) -> Enrollment:
    """Raises NotFound when the creator does not take part in the program."""
    program, creator = get_program(session, program_id), get_creator(session, creator_id)
    both = (Enrollment.program_id == program.id, Enrollment.creator_id == creator.id)
    enrollment = session.scalars(select(Enrollment).where(*both)).one_or_none()
    if enrollment is None:
        raise NotFound(
            f"Creator {creator.id} does not take part in program {program.id}. "
            f"Enroll them with: linkledger enroll --program {program.id} --creator {creator.id}"
        )
    return enrollment
