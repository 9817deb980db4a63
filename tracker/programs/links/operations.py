"""Links: creation, and the lookup for the redirect."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Conflict, Fault, Invalid
from tracker.ids import new_id, uuid_of
from tracker.lookup import get_by_id
from tracker.people.accounts.models import Brand
from tracker.people.accounts.operations import brand_hosts, get_creator
from tracker.programs.codes import code_key, link_code, new_link_code
from tracker.programs.links.destinations import checked_destination
from tracker.programs.links.query_parameters import with_parameters
from tracker.programs.models import Enrollment, Link, LinkVersion, Program, RateOverride
from tracker.programs.operations import get_enrollment, get_program
from tracker.programs.rules import checked_passes, checked_rate_bp, checked_sub_ids

LINK = "lnk"
# There are 31^7 codes: with 100 million in use, eight random codes in a row are practically never all taken.
MAX_CODE_ATTEMPTS = 8


class InactiveState(Enum):
    """Why a link leads nowhere: what is inactive, and its state."""

    LINK_PAUSED = ("link", "paused")
    LINK_EXPIRED = ("link", "expired")
    LINK_ENDED = ("link", "ended")
    ENROLLMENT_PAUSED = ("enrollment", "paused")
    ENROLLMENT_ENDED = ("enrollment", "ended")
    PROGRAM_PAUSED = ("program", "paused")
    PROGRAM_ENDED = ("program", "ended")

    @property
    def is_permanent(self) -> bool:
        """An ended or expired link never becomes active again; a paused one may."""
        _subject, state = self.value
        return state != "paused"


@dataclass(frozen=True)
class LinkTarget:
    """What a redirect needs to know about a link.

    `inactive` is why the link leads nowhere, or None. `destination` includes the program's `parameters`. An
    active link may be past its `expires_at`, because targets are cached.
    """

    link_id: UUID
    destination: str
    token_parameter: str
    sub_ids: Mapping[str, str]
    inactive: InactiveState | None
    brand_id: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    passes: tuple[str, ...] = ()
    deep_links: bool = False
    expires_at: datetime | None = None
    fallback_url: str | None = None

    @property
    def active(self) -> bool:
        return self.inactive is None


@dataclass(frozen=True)
class LinkOptions:
    """Optional features of a link; all are off by default."""

    passes: tuple[str, ...] = ()
    deep_links: bool = False
    expires_at: datetime | None = None


NO_OPTIONS = LinkOptions()


def insert_link(
    session: Session,
    now: datetime,
    program: Program,
    enrollment: Enrollment,
    *,
    destination: str,
    code: str | None,
    sub_ids: dict[str, str] | None,
    rate_bp: int | None,
    options: LinkOptions,
) -> Link:
    """Insert a link; without `code` it gets a random one. Raises Invalid, Conflict when the code is taken."""
    address = checked_destination(destination, brand_hosts(session, program.brand_id), program.brand_id)
    row = {
        "id": new_id(LINK, now),
        "enrollment_id": enrollment.id,
        "destination": address,
        "sub_ids": checked_sub_ids(sub_ids),
        "passes": checked_passes(options.passes, program.token_parameter),
        "deep_links": options.deep_links,
        "expires_at": checked_expiry(now, options.expires_at),
        "state": "active",
        "created_at": now,
    }
    if rate_bp is not None:
        checked_rate_bp(rate_bp)
    if code is None:
        _insert_with_new_code(session, row)
    elif not _insert_with_code(session, row, link_code(code)):
        raise Conflict(f"The code {code!r} is taken by another link; choose another one or leave it out.")
    if rate_bp is not None:
        override = RateOverride(
            id=new_id("rov", now), link_id=row["id"], effective_at=now, rate_bp=rate_bp, created_at=now
        )
        session.add(override)
        session.flush()
    return session.get_one(Link, row["id"])


def _insert_with_code(session: Session, row: dict[str, Any], code: str) -> bool:
    return insert_once(session, Link, code=code, code_key=code_key(code), **row)


def _insert_with_new_code(session: Session, row: dict[str, Any]) -> None:
    for _ in range(MAX_CODE_ATTEMPTS):
        if _insert_with_code(session, row, new_link_code()):
            return
    raise Fault(
        f"{MAX_CODE_ATTEMPTS} random link codes in a row are already in use, which cannot be a coincidence; "
        "nothing was written."
    )


def get_link(session: Session, link_id: str) -> Link:
    """Raises Invalid for a malformed id, and NotFound."""
    return get_by_id(session, Link, link_id, LINK, "link", "See them with: linkledger link list")


def checked_expiry(now: datetime, at: datetime | None) -> datetime | None:
    """The time from which a link is inactive. Raises Invalid when it is not in the future."""
    if at is not None and at <= now:
        raise Invalid("The expiry must be in the future; to deactivate the link now, pause or end it.")
    return at


@dataclass(frozen=True)
class LinkLookup:
    """The target of a code (None: no link has it), read at `version`.

    The version is the number of the last committed change to a link (see tracker.programs.links.changes); 0
    before the first change, and if there is no link.
    """

    link: LinkTarget | None
    version: int


# Columns instead of objects, for speed: a redirect that misses the cache waits for this query.
_TARGET = (
    select(
        Link.id,
        Link.destination,
        Link.sub_ids,
        Link.passes,
        Link.deep_links,
        Link.expires_at,
        Link.state.label("link_state"),
        Enrollment.state.label("enrollment_state"),
        Program.state.label("program_state"),
        Program.brand_id,
        Program.token_parameter,
        Program.parameters,
        Brand.fallback_url,
        select(LinkVersion.version).scalar_subquery().label("version"),
    )
    .join(Enrollment, Enrollment.id == Link.enrollment_id)
    .join(Program, Program.id == Enrollment.program_id)
    .join(Brand, Brand.id == Program.brand_id)
    .where(Link.code_key == bindparam("key"))
)


def lookup_link(connection: Connection | Session, code: str) -> LinkLookup:
    """The target of a code and its version, in one query."""
    row = connection.execute(_TARGET, {"key": code_key(code)}).one_or_none()
    if row is None:
        return LinkLookup(None, 0)
    target = LinkTarget(
        uuid_of(row.id, LINK),
        with_parameters(row.destination, row.parameters),
        row.token_parameter,
        row.sub_ids,
        _inactive_state(row.link_state, row.enrollment_state, row.program_state),
        brand_id=row.brand_id,
        parameters=row.parameters,
        passes=tuple(row.passes),
        deep_links=row.deep_links,
        expires_at=row.expires_at,
        fallback_url=row.fallback_url,
    )
    return LinkLookup(target, row.version or 0)


def link_target(session: Session, code: str) -> LinkTarget | None:
    """The target of a code; None when no link has it."""
    return lookup_link(session, code).link


def _inactive_state(link_state: str, enrollment_state: str, program_state: str) -> InactiveState | None:
    states = {"link": link_state, "enrollment": enrollment_state, "program": program_state}
    return next((InactiveState(each) for each in states.items() if each[1] != "active"), None)


def create_link(
    session: Session,
    now: datetime,
    *,
    actor: Actor,
    program_id: str,
    creator_id: str,
    destination: str,
    code: str | None = None,
    sub_ids: dict[str, str] | None = None,
    rate_bp: int | None = None,
    options: LinkOptions = NO_OPTIONS,
) -> Link:
    """Create a link for an enrolled creator. Without `code` it gets seven random letters and digits.

    Raises Invalid (code, destination, sub-ids, rate, options), NotFound, and Conflict when the code is taken
    or the enrollment or the program has ended.
    """
    enrollment = get_enrollment(session, program_id=program_id, creator_id=creator_id)
    program = get_program(session, program_id)
    if "ended" in (enrollment.state, program.state):
        raise Conflict(
            f"Creator {creator_id} no longer takes part in program {program.id}; no link was created."
        )
    link = insert_link(
        session,
        now,
        program,
        enrollment,
        destination=destination,
        code=code,
        sub_ids=sub_ids,
        rate_bp=rate_bp,
        options=options,
    )
    after = {"code": link.code, "destination": link.destination, "sub_ids": link.sub_ids, "rate_bp": rate_bp}
    after |= {"creator": creator_id, "program": program.id, **vars(options)}
    whose = about(Subject.LINK, link.id, program.brand_id)
    record(session, now, actor, Action.LINK_CREATE, **whose, after=after)
    return link


def list_links(
    session: Session, *, program_id: str | None = None, creator_id: str | None = None
) -> list[tuple[Link, Enrollment]]:
    """Links with their enrollments, the oldest first."""
    links = select(Link, Enrollment).join(Enrollment, Enrollment.id == Link.enrollment_id).order_by(Link.id)
    if program_id is not None:
        links = links.where(Enrollment.program_id == get_program(session, program_id).id)
    if creator_id is not None:
        links = links.where(Enrollment.creator_id == get_creator(session, creator_id).id)
    return [(link, enrollment) for link, enrollment in session.execute(links)]
