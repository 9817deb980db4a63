"""Accepting an invitation: by a typed name and a box, once. Works in the caller's transaction."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.affected import affected_rows
from config.insert import insert_once
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor, ActorKind
from tracker.audit.operations import record
from tracker.errors import Conflict, Invalid
from tracker.language.texts import gettext as _
from tracker.people.accounts.addresses import link_creator, user_with_address
from tracker.people.accounts.memberships import record_new_member
from tracker.people.accounts.models import Membership, User
from tracker.people.accounts.roles import role_named
from tracker.people.accounts.rules import normalize_name
from tracker.people.connections import JoinProgram
from tracker.people.invitations.models import Invitation
from tracker.people.invitations.rules import Kind
from tracker.people.sessions.rules import is_token, token_hash


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    OVER = "over"
    """Used, expired, revoked, or never made: nobody learns which."""
    SIGN_IN_FIRST = "sign_in_first"
    """A user has the address: who has only the link must not become that user."""
    OTHER_PERSON = "other_person"


@dataclass(frozen=True)
class Answer:
    """What a person filled in. `user_id`: of the person who is signed in, if anybody is."""

    name: str
    agrees: bool
    user_id: str | None
    entry_point: str


@dataclass(frozen=True)
class Acceptance:
    outcome: Outcome
    user_id: str | None = None


def find_open(session: Session, now: datetime, token: str) -> Invitation | None:
    """The invitation with this link, if it can be accepted."""
    if not is_token(token):
        return None
    return session.scalars(
        select(Invitation)
        .where(Invitation.token_hash == token_hash(token), Invitation.expires_at > now)
        .where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
    ).one_or_none()


def accept(
    session: Session, now: datetime, token: str, *, answer: Answer, join_program: JoinProgram
) -> Acceptance:
    """Accept the invitation. Raises Invalid for a missing name or box, Conflict for another's creator."""
    found = find_open(session, now, token)
    if found is None:
        return Acceptance(Outcome.OVER)
    known = session.scalar(select(User.id).where(User.email == found.email))
    if answer.user_id is not None and answer.user_id != known:
        return Acceptance(Outcome.OTHER_PERSON)
    if known is not None and answer.user_id is None:
        return Acceptance(Outcome.SIGN_IN_FIRST)
    name = _checked_name(answer)
    user_id = known or user_with_address(session, now, email=found.email, name=name)
    taken = (
        update(Invitation)
        .where(Invitation.id == found.id, Invitation.token_hash == token_hash(token))
        .where(Invitation.expires_at > now)
        .where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
        .values(accepted_at=now, accepted_by=user_id)
    )
    if affected_rows(session, taken) != 1:
        raise Conflict(_("This invitation has just been used or ended."))
    actor = Actor(ActorKind.USER, answer.entry_point, user_id)
    _give(session, now, found, user_id, actor, join_program)
    subject = about(Subject.INVITATION, found.id, found.brand_id)
    record(session, now, actor, Action.INVITATION_ACCEPT, **subject, personal={"name": name})
    return Acceptance(Outcome.ACCEPTED, user_id)


def _checked_name(answer: Answer) -> str:
    if not answer.name.strip():
        raise Invalid(_("Please type your name."), field="name")
    try:
        name = normalize_name(answer.name)
    except Invalid as error:
        raise Invalid(str(error), field="name") from None
    if not answer.agrees:
        raise Invalid(_("Tick the box to accept the invitation."), field="agrees")
    return name


def _give(
    session: Session,
    now: datetime,
    found: Invitation,
    user_id: str,
    actor: Actor,
    join_program: JoinProgram,
) -> None:
    """What was offered. A member who has a role already keeps it: an invitation takes nothing away."""
    if found.kind == Kind.MEMBER:
        member = {"brand_id": found.brand_id, "user_id": user_id, "role": found.role}
        if insert_once(session, Membership, **member, created_at=now):
            assert found.brand_id is not None
            record_new_member(session, now, actor, found.brand_id, user_id, role_named(found.role or ""))
    elif found.kind == Kind.OPERATOR:
        session.execute(update(User).where(User.id == user_id).values(is_operator=True))
    else:
        assert found.creator_id is not None
        if not link_creator(session, found.creator_id, user_id):
            raise Conflict(
                _(
                    "Your account belongs to another creator already. "
                    "Ask for an invitation to the address of that account."
                )
            )
        if found.program_id is not None:
            join_program(session, now, actor, found.program_id, found.creator_id)
