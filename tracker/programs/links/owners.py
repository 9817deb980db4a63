"""Whose links these are: for the statistics of clicks, which know links only."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.ids import public_id, uuid_of
from tracker.programs.models import Enrollment, Link, Program

LINKS_PER_QUERY = 500


class LinkOwner(NamedTuple):
    """The brand and the creator of a link."""

    brand_id: str
    creator_id: str


def owners_of(session: Session, link_ids: Sequence[UUID]) -> dict[UUID, LinkOwner]:
    """By link; an id of no link is left out."""
    found: dict[UUID, LinkOwner] = {}
    for first in range(0, len(link_ids), LINKS_PER_QUERY):
        names = [public_id("lnk", each) for each in link_ids[first : first + LINKS_PER_QUERY]]
        rows = session.execute(
            select(Link.id, Program.brand_id, Enrollment.creator_id)
            .join(Enrollment, Enrollment.id == Link.enrollment_id)
            .join(Program, Program.id == Enrollment.program_id)
            .where(Link.id.in_(names))
        )
        found |= {uuid_of(link, "lnk"): LinkOwner(brand, creator) for link, brand, creator in rows}
    return found


def links_of_brands(session: Session, brand_ids: Sequence[str]) -> dict[UUID, LinkOwner]:
    """All links of these brands."""
    rows = session.execute(
        select(Link.id, Program.brand_id, Enrollment.creator_id)
        .join(Enrollment, Enrollment.id == Link.enrollment_id)
        .join(Program, Program.id == Enrollment.program_id)
        .where(Program.brand_id.in_(brand_ids))
    )
    return {uuid_of(link, "lnk"): LinkOwner(brand, creator) for link, brand, creator in rows}
