"""How far a brand is set up: what exists of program, shop, creators, links and clicks."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from tracker.clicks.counting.statistics import link_statistics
from tracker.ids import uuid_of
from tracker.programs.links.operations import LINK
from tracker.programs.models import Enrollment, Link, Program
from tracker.sales.inbox.models import Event
from tracker.sales.sources.models import Source


class Step(StrEnum):
    """The steps of the set-up of a brand, in their order. The brand itself and its owner exist already."""

    PROGRAM = "program"
    SHOP = "shop"
    CREATOR = "creator"


@dataclass(frozen=True)
class SetupState:
    """`first_message`: a source of the brand has received one, also of a trial order."""

    program_id: str | None
    source_id: str | None
    first_message: bool
    creator_id: str | None
    link_id: str | None

    @property
    def open_steps(self) -> tuple[Step, ...]:
        """The steps that are left, in their order."""
        left = {
            Step.PROGRAM: self.program_id is None,
            Step.SHOP: not self.first_message,
            Step.CREATOR: self.link_id is None,
        }
        return tuple(step for step, is_left in left.items() if is_left)


def setup_state(session: Session, brand_id: str) -> SetupState:
    """The first program, source, creator and link of the brand, where there are any."""
    program = select(Program.id).where(Program.brand_id == brand_id, Program.state != "ended")
    source = select(Source.id).where(Source.brand_id == brand_id, Source.deleted_at.is_(None))
    own = select(Enrollment.creator_id).join(Program, Program.id == Enrollment.program_id)
    enrollment = own.where(Program.brand_id == brand_id, Enrollment.state != "ended")
    link = (
        select(Link.id)
        .join(Enrollment, Enrollment.id == Link.enrollment_id)
        .join(Program, Program.id == Enrollment.program_id)
        .where(Program.brand_id == brand_id)
    )
    heard = exists().where(Event.source_id == Source.id)
    return SetupState(
        program_id=session.scalar(program.order_by(Program.id).limit(1)),
        source_id=session.scalar(source.order_by(Source.id).limit(1)),
        first_message=session.scalar(source.where(heard).limit(1)) is not None,
        creator_id=session.scalar(enrollment.order_by(Enrollment.id).limit(1)),
        link_id=session.scalar(link.order_by(Link.id).limit(1)),
    )


def has_been_followed(clicks: Session, link_id: str) -> bool:
    """Whether a person has followed the link. `clicks` is a session of the database of clicks."""
    key = uuid_of(link_id, LINK)
    return link_statistics(clicks, [key])[key]["persons"] > 0
