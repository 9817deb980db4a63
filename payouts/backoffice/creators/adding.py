"""Adds creators to a program, from a list of names and addresses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.backoffice.creators.address_list import Invitee
from tracker.audit.actors import Actor
from tracker.people.accounts.models import Creator
from tracker.people.accounts.operations import create_creator
from tracker.programs.models import Enrollment
from tracker.programs.operations import enroll


class Outcome(StrEnum):
    """What became of one invitee."""

    ADDED = "added"
    TAKES_PART = "takes_part"
    LEFT = "left"
    """The creator left the program or was removed: only readmission brings them back."""


@dataclass(frozen=True)
class AddedCreator:
    """`name` is the one that the brand typed, also when another brand has the creator by another name."""

    creator_id: str
    name: str
    email: str
    outcome: Outcome


def add_creators(
    session: Session, now: datetime, actor: Actor, program_id: str, country: str, invitees: Sequence[Invitee]
) -> list[AddedCreator]:
    """Enroll each of them in the program, in their order. Repeating it changes nothing.

    `country` is that of creators who are new. Somebody without a name gets the start of their address.
    Raises Invalid for the country, and NotFound for the program.
    """
    return [_add(session, now, actor, program_id, country, each) for each in invitees]


def _add(
    session: Session, now: datetime, actor: Actor, program_id: str, country: str, invitee: Invitee
) -> AddedCreator:
    name = invitee.name or invitee.email.partition("@")[0]
    creator = session.scalars(select(Creator).where(Creator.email == invitee.email)).one_or_none()
    if creator is None:
        creator = create_creator(session, now, name=name, email=invitee.email, country=country)
    own = (Enrollment.program_id == program_id, Enrollment.creator_id == creator.id)
    state = session.scalar(select(Enrollment.state).where(*own))
    if state is None:
        enroll(session, now, actor=actor, program_id=program_id, creator_id=creator.id)
    outcomes = {None: Outcome.ADDED, "ended": Outcome.LEFT}
    return AddedCreator(creator.id, name, invitee.email, outcomes.get(state, Outcome.TAKES_PART))
