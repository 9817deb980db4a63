"""Versions of a program's terms, and the rate that applies to a sale."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session

from config.among import among
from config.insert import insert_once
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Conflict, Invalid, NotFound
from tracker.ids import new_id
from tracker.programs.models import Enrollment, Link, Program, RateOverride, Terms
from tracker.programs.rules import NOTICE_DAYS, Conditions, Rate, effective_time, is_cut


def add_terms(
    session: Session,
    now: datetime,
    program_id: str,
    version: int,
    effective_at: datetime,
    conditions: Conditions,
) -> Terms:
    """Insert one version. Raises Conflict when this version already exists."""
    identifier = new_id("trm", now)
    made = insert_once(
        session,
        Terms,
        id=identifier,
        program_id=program_id,
        version=version,
        effective_at=effective_at,
        rate_bp=conditions.rate_bp,
        base=conditions.base,
        window_days=conditions.window_days,
        hold_days=conditions.hold_days,
        take_back_months=conditions.take_back_months,
        created_at=now,
    )
    if not made:
        raise Conflict(f"Someone else has just created version {version} of the terms; check it first.")
    return session.get_one(Terms, identifier)


def change_terms(
    session: Session,
    now: datetime,
    *,
    actor: Actor,
    program_id: str,
    effective_at: datetime | None = None,
    notice_days: int = NOTICE_DAYS,
    **changes: Any,
) -> Terms:
    """Add a version that differs from the newest one by `changes`, which are fields of Conditions.

    Without `effective_at` it takes effect as early as possible: a cut after its notice, any other change at
    once. Raises Invalid for a cut with a shorter notice, a time in the past, or no change at all, and
    NotFound.
    """
    newest = newest_terms(session, program_id)
    former = conditions_of(newest)
    new = Conditions(**{**vars(former), **changes})
    if new == former:
        raise Invalid(f"Nothing changes: version {newest.version} of the terms is already the same.")
    start = effective_time(
        now, newest.effective_at, effective_at, cut=is_cut(former, new), notice_days=notice_days
    )
    made = add_terms(session, now, newest.program_id, newest.version + 1, start, new)
    record(
        session,
        now,
        actor,
        Action.PROGRAM_TERMS_CHANGE,
        **about(Subject.PROGRAM, made.program_id, session.get_one(Program, made.program_id).brand_id),
        before={"effective_at": newest.effective_at, **vars(former)},
        after={"effective_at": start, **vars(new)},
    )
    return made


def conditions_of(terms: Terms) -> Conditions:
    return Conditions(terms.rate_bp, terms.base, terms.window_days, terms.hold_days, terms.take_back_months)


def newest_terms(session: Session, program_id: str) -> Terms:
    """The version with the highest number, which may not be in force yet. Raises NotFound."""
    return _latest(session, program_id, select(Terms))


def terms_at(session: Session, program_id: str, at: datetime) -> Terms:
    """The version in force at that time; version 1 also applies to all earlier times.

    A shop's clock may be slightly behind ours, and a sale in the first minute of a program needs terms too.
    Raises NotFound for the program.
    """
    in_force = or_(Terms.effective_at <= at, Terms.version == 1)
    return _latest(session, program_id, select(Terms).where(in_force))


@dataclass(frozen=True)
class Version:
    """The part of a terms version that attribution needs."""

    id: str
    version: int
    effective_at: datetime
    window_days: int


def load_terms_versions(session: Session, program_ids: Iterable[str]) -> dict[str, list[Version]]:
    """Every version of each program's terms, the newest first."""
    found: dict[str, list[Version]] = {}
    if wanted := sorted(program_ids):
        for row in session.connection().execute(_VERSIONS, {"program_ids": wanted}):
            version = Version(row.id, row.version, row.effective_at, row.window_days)
            found.setdefault(row.program_id, []).append(version)
    return found


_VERSIONS = (
    select(Terms.program_id, Terms.id, Terms.version, Terms.effective_at, Terms.window_days)
    .where(Terms.program_id.in_(bindparam("program_ids", expanding=True)))
    .order_by(Terms.version.desc())
)


def version_at(versions: Sequence[Version], at: datetime) -> Version:
    """The version in force at that time, by the rule of `terms_at`."""
    return next(each for each in versions if each.effective_at <= at or each.version == 1)


def _latest(session: Session, program_id: str, versions: Select[Terms]) -> Terms:
    of_program = versions.where(Terms.program_id == program_id).order_by(Terms.version.desc()).limit(1)
    terms = session.scalars(of_program).one_or_none()
    if terms is None:
        raise NotFound(f"There is no program {program_id}. See them with: linkledger program list")
    return terms


@dataclass(frozen=True)
class _OwnRate:
    """A rate of one link or enrollment. `from_start`: it was created together with it."""

    effective_at: datetime
    rate_bp: int
    from_start: bool


@dataclass(frozen=True)
class OwnRates:
    """The rates that links and enrollments have of their own, by id, the newest first."""

    of_links: Mapping[str, Sequence[_OwnRate]]
    of_enrollments: Mapping[str, Sequence[_OwnRate]]

    def rate_at(self, program_bp: int, *, enrollment_id: str, link_id: str | None, at: datetime) -> Rate:
        """The rate at that time: the link's, else the enrollment's, else the program's (docs/money.md 3).

        A rate that was created together with its link or enrollment also applies to earlier times, like the
        first version of the terms.
        """
        for rates, source in (
            (self.of_links.get(link_id or "", ()), "link"),
            (self.of_enrollments.get(enrollment_id, ()), "enrollment"),
        ):
            for each in rates:
                if each.effective_at <= at or each.from_start:
                    return Rate(each.rate_bp, source)
        return Rate(program_bp, "program")


def load_own_rates(session: Session, *, enrollment_ids: Iterable[str], link_ids: Iterable[str]) -> OwnRates:
    """The own rates of these enrollments and links, in two queries."""
    parameters = {"enrollment_ids": sorted(enrollment_ids), "link_ids": sorted(link_ids)}
    of_links, of_enrollments = (
        _by_subject(session.connection().execute(query, parameters)) for query in _own_rates_queries()
    )
    return OwnRates(of_links, of_enrollments)


def _by_subject(rows: Iterable[Any]) -> dict[str, list[_OwnRate]]:
    found: dict[str, list[_OwnRate]] = {}
    for subject_id, effective_at, rate_bp, created_at in rows:
        own = _OwnRate(effective_at, rate_bp, from_start=effective_at == created_at)
        found.setdefault(subject_id, []).append(own)
    return found


@cache
def _own_rates_queries() -> tuple[Select[*tuple[Any, ...]], Select[*tuple[Any, ...]]]:
    """Of links, and of enrollments. Parameters: `link_ids`; `enrollment_ids`."""
    own = (RateOverride.effective_at, RateOverride.rate_bp)
    newest_first = RateOverride.effective_at.desc()
    of_links = select(RateOverride.link_id, *own, Link.created_at)
    of_links = of_links.join(Link, Link.id == RateOverride.link_id)
    of_enrollments = select(RateOverride.enrollment_id, *own, Enrollment.created_at)
    of_enrollments = of_enrollments.join(Enrollment, Enrollment.id == RateOverride.enrollment_id)
    return (
        of_links.where(among(RateOverride.link_id, "link_ids")).order_by(newest_first),
        of_enrollments.where(among(RateOverride.enrollment_id, "enrollment_ids")).order_by(newest_first),
    )


def link_rate_overrides(session: Session, at: datetime) -> dict[str, int]:
    """The rates in force of all links with an own rate: link id -> basis points."""
    rates = select(RateOverride.link_id, RateOverride.rate_bp).where(
        RateOverride.link_id.is_not(None), RateOverride.effective_at <= at
    )
    return {
        str(link_id): rate_bp
        for link_id, rate_bp in session.execute(rates.order_by(RateOverride.effective_at))
    }
