"""The creators of a brand with their links, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.people.accounts.models import Creator
from tracker.programs.models import Enrollment, Link, Program

PAGE = 50


@dataclass(frozen=True)
class ListedLink:
    link_id: str
    code: str


@dataclass(frozen=True)
class ListedCreator:
    """A creator in a program, with the links that are in use."""

    enrollment_id: str
    creator_id: str
    name: str
    program_id: str
    program_name: str
    state: str
    links: tuple[ListedLink, ...]


def creators_of_brand(
    session: Session, brand_id: str, after: str = "", limit: int = PAGE
) -> list[ListedCreator]:
    """The newest first; `after` the id of an enrollment: the next page."""
    query = (
        select(Enrollment, Creator.name, Program.name)
        .join(Program, Program.id == Enrollment.program_id)
        .join(Creator, Creator.id == Enrollment.creator_id)
        .where(Program.brand_id == brand_id, Enrollment.state != "ended")
        .order_by(Enrollment.id.desc())
        .limit(limit)
    )
    if after:
        query = query.where(Enrollment.id < after)
    rows = session.execute(query).all()
    links = _links(session, [enrollment.id for enrollment, _name, _program in rows])
    return [
        ListedCreator(
            enrollment.id,
            enrollment.creator_id,
            name,
            enrollment.program_id,
            program,
            enrollment.state,
            tuple(links.get(enrollment.id, ())),
        )
        for enrollment, name, program in rows
    ]


def _links(session: Session, enrollment_ids: Sequence[str]) -> dict[str, list[ListedLink]]:
    found: dict[str, list[ListedLink]] = {}
    own = select(Link).where(Link.enrollment_id.in_(enrollment_ids), Link.state != "ended")
    for link in session.scalars(own.order_by(Link.id)):
        found.setdefault(link.enrollment_id, []).append(ListedLink(link.id, link.code))
    return found
