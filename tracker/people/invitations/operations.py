"""Invitations: make, send again, list and revoke them. Every function works in the caller's transaction.

The link alone is no proof of an address where the one who invites can read it, so it must not be shown to
them, except to operators, who can read every mail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from config.affected import affected_rows
from config.insert import insert_once
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Conflict, NotFound
from tracker.ids import new_id
from tracker.language.formats import format_time
from tracker.language.texts import current_language, use_language
from tracker.language.texts import gettext as _
from tracker.mail.compose import compose
from tracker.mail.kinds import MailKind
from tracker.mail.letters import Recipient
from tracker.mail.outbox import queue
from tracker.people.accounts.models import Brand, Creator
from tracker.people.accounts.operations import get_brand, get_creator
from tracker.people.accounts.roles import Role
from tracker.people.accounts.rules import normalize_email
from tracker.people.invitations.models import Invitation
from tracker.people.invitations.rules import INVITATION, VALID, Kind, Offer
from tracker.people.sessions.rules import new_token, token_hash

LINK_PATH = "/app/invitations/"


@dataclass(frozen=True)
class Sending:
    """How the invitation is sent: the address of this installation, and its secret keys, newest first."""

    web_url: str
    keys: Sequence[str]


@dataclass(frozen=True)
class Invited:
    """`url` is the complete address of the link. It is not stored and cannot be shown again."""

    invitation_id: str
    url: str
    expires_at: datetime


def invite(
    session: Session,
    now: datetime,
    offer: Offer,
    *,
    actor: Actor,
    sending: Sending,
    email: str | None = None,
) -> Invited:
    """Invite the person with this address, or send an open invitation again, with a new link and its role.

    email: by default that of the creator who is invited. Raises Invalid, NotFound, and Conflict for a
    creator who signs in already.
    """
    address = normalize_email(email) if email is not None else _address_of(session, offer)
    _require_subject(session, offer)
    token = new_token()
    invitation_id, made = _store(session, now, offer, actor, address, token)
    url = f"{sending.web_url}{LINK_PATH}{token}"
    _send(session, now, offer, address, invitation_id, url, sending)
    record(
        session,
        now,
        actor,
        Action.INVITATION_CREATE if made else Action.INVITATION_RENEW,
        **about(Subject.INVITATION, invitation_id, offer.brand_id),
        after={"kind": offer.kind, "role": offer.role, "creator": offer.creator_id},
        personal={"email": address},
    )
    return Invited(invitation_id, url, now + VALID)


def send_again(
    session: Session, now: datetime, *, actor: Actor, sending: Sending, brand_id: str, invitation_id: str
) -> Invited:
    """Send an open or expired invitation of a brand again. The former link ends. Raises NotFound."""
    found = session.scalars(_open_of_brand(brand_id).where(Invitation.id == invitation_id)).one_or_none()
    if found is None:
        raise NotFound(_("This invitation is not open."))
    return invite(session, now, offer_of(found), actor=actor, sending=sending, email=found.email)


def revoke_invitation(
    session: Session, now: datetime, *, actor: Actor, brand_id: str | None, invitation_id: str
) -> None:
    """End an open invitation of a brand, or with None of the installation. Raises NotFound."""
    ended = (
        update(Invitation)
        .where(Invitation.id == invitation_id, Invitation.brand_id == brand_id)
        .where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    if affected_rows(session, ended) != 1:
        raise NotFound(_("This invitation is not open."))
    subject = about(Subject.INVITATION, invitation_id, brand_id)
    record(session, now, actor, Action.INVITATION_REVOKE, **subject)


def open_invitations(session: Session, brand_id: str) -> Sequence[Invitation]:
    """The invitations of a brand that were neither accepted nor revoked; expired ones too. Newest first."""
    return session.scalars(_open_of_brand(brand_id).order_by(Invitation.id.desc())).all()


def offer_of(row: Invitation) -> Offer:
    """What the stored invitation offers."""
    role = None if row.role is None else Role(row.role)
    return Offer(Kind(row.kind), row.brand_id, role, row.creator_id, row.program_id)


def _store(
    session: Session, now: datetime, offer: Offer, actor: Actor, address: str, token: str
) -> tuple[str, bool]:
    """Insert the invitation, or renew the open one. Returns its id, and whether it is new."""
    identity = {"kind": offer.kind.value, "subject_id": offer.subject_id, "email": address}
    renewed = {
        "role": offer.role.value if offer.role else None,
        "brand_id": offer.brand_id,  # of a creator: the brand that invited last
        "program_id": offer.program_id,
        "token_hash": token_hash(token),
        "sent_at": now,
        "expires_at": now + VALID,
    }
    invitation_id = new_id(INVITATION, now)
    rest = {"id": invitation_id, "creator_id": offer.creator_id}
    if insert_once(session, Invitation, **identity, **renewed, **rest, created_at=now, **actor.columns()):
        return invitation_id, True
    invitation_id = _open_invitation(session, offer, address)
    affected_rows(session, update(Invitation).where(Invitation.id == invitation_id).values(**renewed))
    return invitation_id, False


def _open_of_brand(brand_id: str) -> Select[Invitation]:
    return select(Invitation).where(
        Invitation.brand_id == brand_id, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)
    )


def _open_invitation(session: Session, offer: Offer, address: str) -> str:
    """The open invitation of this kind for this address, which holds the unique key."""
    return session.scalars(
        select(Invitation.id)
        .where(Invitation.kind == offer.kind.value, Invitation.subject_id == offer.subject_id)
        .where(Invitation.email == address)
        .where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
    ).one()


def _address_of(session: Session, offer: Offer) -> str:
    assert offer.creator_id is not None, "an invitation without an address is that of a creator"
    return get_creator(session, offer.creator_id).email


def _require_subject(session: Session, offer: Offer) -> None:
    if offer.brand_id is not None:
        get_brand(session, offer.brand_id)
    if offer.creator_id is not None and get_creator(session, offer.creator_id).user_id is not None:
        raise Conflict("This creator signs in already and needs no invitation.")


def _send(
    session: Session,
    now: datetime,
    offer: Offer,
    address: str,
    invitation_id: str,
    url: str,
    sending: Sending,
) -> None:
    """Queue the mail, in the language of who invites: that of the invited person is not known yet."""
    brand = session.get(Brand, offer.brand_id) if offer.brand_id is not None else None
    creator = session.get(Creator, offer.creator_id) if offer.creator_id is not None else None
    language = current_language()
    with use_language(language):
        until = format_time(now + VALID, "UTC", with_zone=True)
    letter = compose(
        "invitation",
        language,
        kind=offer.kind.value,
        brand=None if brand is None else brand.name,
        link=url,
        until=until,
    )
    queue(
        session,
        now,
        letter,
        Recipient(address, creator.name if creator else "", language, creator_id=offer.creator_id),
        kind=MailKind.INVITATION,
        key=f"invitation:{token_hash(url)}",
        keys=sending.keys,
        brand_id=offer.brand_id,
        subject_id=invitation_id,
        expires_at=now + VALID,
    )
