"""Invites creators to a program, from a list of names and addresses.

They take part at once, so that they can have links before they accept; the invitation lets them sign in.
"""

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
from tracker.people.invitations.operations import Sending, invite
from tracker.people.invitations.rules import Kind, Offer
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
    url: str | None
    """The link of the invitation, for operators only: who knows it needs no proof of the address. None for
    somebody who signs in already."""


@dataclass(frozen=True)
class Invitation:
    """Where they are invited to, and how. `country` is that of creators who are new."""

    brand_id: str
    program_id: str
    country: str
    sending: Sending


def add_creators(
    session: Session, now: datetime, actor: Actor, to: Invitation, invitees: Sequence[Invitee]
) -> list[AddedCreator]:
    """Enroll and invite each of them, in their order. Repeating it sends new links, and changes nothing else.

    Somebody without a name gets the start of their address.
    Raises Invalid for the country, and NotFound for the program.
    """
    return [_add(session, now, actor, to, each) for each in invitees]


def _add(session: Session, now: datetime, actor: Actor, to: Invitation, invitee: Invitee) -> AddedCreator:
    name = invitee.name or invitee.email.partition("@")[0]
    creator = session.scalars(select(Creator).where(Creator.email == invitee.email)).one_or_none()
    if creator is None:
        creator = create_creator(
            session, now, name=name, email=invitee.email, country=to.country, actor=actor
        )
    own = (Enrollment.program_id == to.program_id, Enrollment.creator_id == creator.id)
    state = session.scalar(select(Enrollment.state).where(*own))
    if state is None:
        enroll(session, now, actor=actor, program_id=to.program_id, creator_id=creator.id)
    outcome = {None: Outcome.ADDED, "ended": Outcome.LEFT}.get(state, Outcome.TAKES_PART)
    url = None
    if creator.user_id is None and outcome is not Outcome.LEFT:
        offer = Offer(Kind.CREATOR, to.brand_id, None, creator.id, to.program_id)
        url = invite(session, now, offer, actor=actor, sending=to.sending).url
    return AddedCreator(creator.id, name, invitee.email, outcome, url)
