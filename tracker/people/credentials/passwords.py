"""Setting and removing a password, and signing in with one. Every function works in the caller's transaction.

Nothing is hashed here: it takes too long for a transaction. See hashing.py.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, literal, select, update
from sqlalchemy.orm import Session

from config.affected import affected_rows
from config.insert import insert_into
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.people.accounts.models import User
from tracker.people.credentials.letters import Change, Sending, tell_person
from tracker.people.credentials.models import UserPassword
from tracker.people.sessions.operations import end_without_entry


@dataclass(frozen=True)
class Candidate:
    """Who has an address, and the hash of their password. Both are None for nobody."""

    user_id: str | None
    password_hash: str | None


def candidate_with(session: Session, email: str) -> Candidate:
    """Whose password is to be verified. The same single query for a known and an unknown address."""
    asked = select(literal(email).label("email")).subquery()
    user_id, password_hash = session.execute(
        select(User.id, UserPassword.password_hash)
        .select_from(asked)
        .join(User, User.email == asked.c.email, isouter=True)
        .join(UserPassword, UserPassword.user_id == User.id, isouter=True)
    ).one()
    return Candidate(user_id, password_hash)


def still_counts(session: Session, candidate: Candidate, verified_hash: str) -> bool:
    """Whether the password that was verified is still the one of this user. Stores the hash to keep."""
    kept = (
        update(UserPassword)
        .where(UserPassword.user_id == candidate.user_id)
        .where(UserPassword.password_hash == candidate.password_hash)
        .values(password_hash=verified_hash)
    )
    return affected_rows(session, kept) == 1


def has_password(session: Session, user_id: str) -> bool:
    return session.scalar(select(UserPassword.user_id).where(UserPassword.user_id == user_id)) is not None


@dataclass(frozen=True)
class Changing:
    """Who changes their password, in which session; the others end. `sending`: for the mail about it."""

    actor: Actor
    user_id: str
    session_id: str
    sending: Sending


def set_password(session: Session, now: datetime, changing: Changing, password_hash: str) -> None:
    """Set or replace the password, end the other sessions, and tell the person by mail."""
    values = {"password_hash": password_hash, "set_at": now}
    session.execute(
        insert_into(UserPassword, session)
        .values(user_id=changing.user_id, **values)
        .on_conflict_do_update(index_elements=["user_id"], set_=values)
    )
    _finish(session, now, changing, Action.USER_PASSWORD_SET, Change.PASSWORD_SET)


def remove_password(session: Session, now: datetime, changing: Changing) -> bool:
    """Remove the password, end the other sessions, and tell the person. Returns False when there was none."""
    removed = delete(UserPassword).where(UserPassword.user_id == changing.user_id)
    if affected_rows(session, removed) != 1:
        return False
    _finish(session, now, changing, Action.USER_PASSWORD_REMOVE, Change.PASSWORD_REMOVED)
    return True


def _finish(session: Session, now: datetime, changing: Changing, action: Action, change: Change) -> None:
    user_id = changing.user_id
    ended = end_without_entry(session, now, user_id, but=changing.session_id)
    after = {"sessions_ended": ended}
    entry_id = record(session, now, changing.actor, action, **about(Subject.USER, user_id), after=after)
    tell_person(session, now, session.get_one(User, user_id), change, entry_id, changing.sending)
