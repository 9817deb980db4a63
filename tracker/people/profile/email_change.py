"""Changing an e-mail address: both addresses confirm it, and with payout details it waits 72 hours.

Every function works in the caller's transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import exists, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from config.affected import affected_rows
from config.insert import insert_once
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor, ActorKind
from tracker.audit.operations import record
from tracker.errors import Invalid
from tracker.ids import new_id
from tracker.language.formats import format_time
from tracker.language.texts import current_language
from tracker.language.texts import gettext as _
from tracker.mail.compose import compose
from tracker.mail.kinds import MailKind
from tracker.mail.letters import Recipient
from tracker.mail.outbox import queue
from tracker.people.accounts.models import Creator, User
from tracker.people.accounts.rules import normalize_email
from tracker.people.connections import HasPayee
from tracker.people.profile.models import EmailChange
from tracker.people.sessions.rules import is_token, new_token, token_hash

CHANGE = "emc"
VALID = timedelta(days=3)
DELAY_WITH_PAYEE = timedelta(hours=72)
LINK_PATH = "/app/email-change/"
_OPEN = (EmailChange.applied_at.is_(None), EmailChange.cancelled_at.is_(None))


class Outcome(StrEnum):
    WAITS_FOR_OTHER = "waits_for_other"
    WAITS = "waits"
    APPLIED = "applied"
    TAKEN = "taken"
    OVER = "over"


@dataclass(frozen=True)
class Sending:
    web_url: str
    keys: Sequence[str]


def request_change(
    session: Session, now: datetime, *, user_id: str, new_email: str, sending: Sending
) -> None:
    """Ask both addresses to confirm. A change that is open already ends. Raises Invalid.

    Whether somebody else has the new address is not told here: only its owner learns it.
    """
    user = session.get_one(User, user_id)
    try:
        address = normalize_email(new_email)
    except Invalid as error:
        raise Invalid(str(error), field="email") from None
    if address == user.email:
        raise Invalid(_("This is your address already."), field="email")
    cancel_change(session, now, user_id)
    tokens = {"former": new_token(), "new": new_token()}
    insert_once(
        session,
        EmailChange,
        id=new_id(CHANGE, now),
        user_id=user_id,
        former_email=user.email,
        new_email=address,
        former_token_hash=token_hash(tokens["former"]),
        new_token_hash=token_hash(tokens["new"]),
        requested_at=now,
        expires_at=now + VALID,
    )
    for which, to in (("former", user.email), ("new", address)):
        _send(session, now, user, which, to, tokens[which], sending)


def find_change(session: Session, now: datetime, token: str) -> EmailChange | None:
    """The open change that this link confirms."""
    if not is_token(token):
        return None
    hashed = token_hash(token)
    return session.scalars(
        select(EmailChange)
        .where(or_(EmailChange.former_token_hash == hashed, EmailChange.new_token_hash == hashed))
        .where(*_OPEN)
        .where(or_(EmailChange.effective_at.is_not(None), EmailChange.expires_at > now))
    ).one_or_none()


def open_change(session: Session, now: datetime, user_id: str) -> EmailChange | None:
    """The change of a person that has not been made yet."""
    return session.scalars(
        select(EmailChange)
        .where(EmailChange.user_id == user_id)
        .where(*_OPEN)
        .where(or_(EmailChange.effective_at.is_not(None), EmailChange.expires_at > now))
    ).one_or_none()


def confirm_change(
    session: Session, now: datetime, token: str, *, entry_point: str, has_payee: HasPayee
) -> Outcome:
    """Confirm by the link to one address. When both have, the change is made, or its time is set."""
    found = find_change(session, now, token)
    if found is None:
        return Outcome.OVER
    column = (
        EmailChange.former_confirmed_at
        if found.former_token_hash == token_hash(token)
        else EmailChange.new_confirmed_at
    )
    confirmed = update(EmailChange).where(EmailChange.id == found.id, column.is_(None), *_OPEN)
    affected_rows(session, confirmed.values({column: now}))
    session.refresh(found)
    if found.applied_at is not None or found.cancelled_at is not None:
        return Outcome.OVER
    if found.former_confirmed_at is None or found.new_confirmed_at is None:
        return Outcome.WAITS_FOR_OTHER
    if found.effective_at is None:
        creator_id = session.scalar(select(Creator.id).where(Creator.user_id == found.user_id))
        waits = creator_id is not None and has_payee(session, creator_id)
        found.effective_at = now + DELAY_WITH_PAYEE if waits else now
        session.flush()
    if found.effective_at > now:
        return Outcome.WAITS
    return _apply(session, now, found, Actor(ActorKind.USER, entry_point, found.user_id))


def cancel_change(session: Session, now: datetime, user_id: str) -> bool:
    """End the open change of a person. Returns False when there is none."""
    cancelled = (
        update(EmailChange).where(EmailChange.user_id == user_id).where(*_OPEN).values(cancelled_at=now)
    )
    return affected_rows(session, cancelled) > 0


def apply_due_changes(session: Session, now: datetime, actor: Actor) -> int:
    """Make the changes whose time has come. Returns how many were made."""
    due = session.scalars(select(EmailChange).where(*_OPEN).where(EmailChange.effective_at <= now)).all()
    return sum(_apply(session, now, each, actor) is Outcome.APPLIED for each in due)


def _apply(session: Session, now: datetime, change: EmailChange, actor: Actor) -> Outcome:
    """Change the address of the user and of their creator, unless somebody else has it by now.

    The change is taken first: of a second click, a job and a person who stops it, one comes first.
    """
    taken = update(EmailChange).where(EmailChange.id == change.id, *_OPEN).values(applied_at=now)
    if affected_rows(session, taken) != 1:
        return Outcome.OVER
    try:
        with session.begin_nested():
            changed = _change_addresses(session, change)
    except IntegrityError:  # somebody else took the address in a transaction that ended after the look
        changed = False
    session.refresh(change)
    if not changed:
        change.applied_at, change.cancelled_at = None, now
        session.flush()
        return Outcome.TAKEN
    session.expire_all()
    personal = {"former_email": change.former_email, "email": change.new_email}
    subject = about(Subject.USER, change.user_id)
    record(session, now, actor, Action.USER_EMAIL_CHANGE, **subject, personal=personal)
    return Outcome.APPLIED


def _change_addresses(session: Session, change: EmailChange) -> bool:
    """Returns False when somebody else has the new address, or the user another one than before."""
    other_user, other_creator = aliased(User), aliased(Creator)
    changed = (
        update(User)
        .where(User.id == change.user_id, User.email == change.former_email)
        .where(~exists().where(other_user.email == change.new_email))
        .where(
            ~exists().where(
                other_creator.email == change.new_email,
                or_(other_creator.user_id.is_(None), other_creator.user_id != change.user_id),
            )
        )
        .values(email=change.new_email)
    )
    if affected_rows(session, changed) != 1:
        return False
    follows = update(Creator).where(Creator.user_id == change.user_id).values(email=change.new_email)
    affected_rows(session, follows)
    return True


def _send(
    session: Session, now: datetime, user: User, which: str, to: str, token: str, sending: Sending
) -> None:
    language = user.language or current_language()
    letter = compose(
        "email_change",
        language,
        which=which,
        link=f"{sending.web_url}{LINK_PATH}{token}",
        until=format_time(now + VALID, user.timezone or "UTC", with_zone=True),
    )
    queue(
        session,
        now,
        letter,
        Recipient(to, user.name, language, user_id=user.id),
        kind=MailKind.ADDRESS_CHANGE,
        key=f"email_change:{token_hash(token)}",
        keys=sending.keys,
        subject_id=user.id,
        expires_at=now + VALID,
    )
