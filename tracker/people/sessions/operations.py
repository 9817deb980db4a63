"""Sessions: start, use, step up, list and end them. Every function works in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from config.affected import affected_rows
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor, ActorKind
from tracker.audit.operations import record
from tracker.errors import NotFound
from tracker.ids import new_id
from tracker.people.sessions.models import UserSession
from tracker.people.sessions.rules import SEEN_INTERVAL, SESSION, STEP_UP, UNUSED, new_token, token_hash


class Method(StrEnum):
    """How a person signed in."""

    LINK = "link"
    CODE = "code"
    PASSWORD = "password"
    PASSKEY = "passkey"
    INVITATION = "invitation"
    SETUP = "setup"
    DEMO = "demo"


@dataclass(frozen=True)
class BrowserFacts:
    """What is kept about the browser of a session, and the endpoint of the view through which it signs in."""

    family: str | None = None
    country: str | None = None
    entry_point: str = ""


def start_session(
    session: Session,
    now: datetime,
    user_id: str,
    method: Method,
    browser: BrowserFacts,
    *,
    former_token: str | None = None,
) -> str:
    """Start a session and return its token, for the cookie.

    `former_token`: what the browser showed before; that session ends, so that no token outlives a sign-in.
    """
    former_id = None if former_token is None else _end_session_of_token(session, now, former_token)
    token, session_id = new_token(), new_id(SESSION, now)
    session.add(
        UserSession(
            id=session_id,
            user_id=user_id,
            token_hash=token_hash(token),
            method=method.value,
            browser=browser.family,
            country=browser.country,
            signed_in_at=now,
            last_seen_at=now,
            stepped_up_until=None,
            ended_at=None,
        )
    )
    session.flush()
    actor = Actor(ActorKind.USER, browser.entry_point, user_id, browser.family, browser.country)
    after = {"session": session_id, "method": method, "former_session": former_id}
    record(session, now, actor, Action.SESSION_START, **about(Subject.USER, user_id), after=after)
    return token


def record_seen(session: Session, now: datetime, session_id: str) -> bool:
    """Note that the session is used, at most once in five minutes. Returns whether this call wrote it."""
    return (
        affected_rows(
            session,
            update(UserSession)
            .where(UserSession.id == session_id, UserSession.ended_at.is_(None))
            .where(UserSession.last_seen_at <= now - SEEN_INTERVAL)
            .values(last_seen_at=now),
        )
        == 1
    )


def step_up(session: Session, now: datetime, session_id: str) -> str:
    """The person has proven again who they are. Returns the new token; the former one is worth nothing.

    Raises NotFound when the session has ended in the meantime.
    """
    token = new_token()
    changed = affected_rows(
        session,
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.ended_at.is_(None))
        .values(token_hash=token_hash(token), stepped_up_until=now + STEP_UP, last_seen_at=now),
    )
    if changed != 1:
        raise NotFound("This session has ended. Please sign in again.")
    return token


def live_sessions(session: Session, now: datetime, user_id: str) -> Sequence[UserSession]:
    """The sessions of a person that have not ended, the latest used first."""
    return session.scalars(
        select(UserSession)
        .where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
        .where(UserSession.last_seen_at > now - UNUSED)
        .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
    ).all()


def end_session(session: Session, now: datetime, user_id: str, session_id: str, *, actor: Actor) -> bool:
    """End one session of this person. Returns False when it is not theirs or has ended already."""
    ended = (
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.user_id == user_id)
        .where(UserSession.ended_at.is_(None))
        .values(ended_at=now)
    )
    if affected_rows(session, ended) != 1:
        return False
    after = {"session": session_id}
    record(session, now, actor, Action.SESSION_END, **about(Subject.USER, user_id), after=after)
    return True


def _end_session_of_token(session: Session, now: datetime, token: str) -> str | None:
    """End the session that has this token. Returns its id; None if there is none."""
    ended = (
        update(UserSession)
        .where(UserSession.token_hash == token_hash(token), UserSession.ended_at.is_(None))
        .values(ended_at=now)
        .returning(UserSession.id)
        .execution_options(synchronize_session=False)
    )
    return session.scalar(ended)


def end_without_entry(session: Session, now: datetime, user_id: str, *, but: str | None) -> int:
    """As `end_all`, for an operation that records it itself."""
    ended = (
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
        .values(ended_at=now)
    )
    return affected_rows(session, ended if but is None else ended.where(UserSession.id != but))


def end_all(session: Session, now: datetime, user_id: str, *, actor: Actor, but: str | None = None) -> int:
    """End all sessions of a person, except the one with the id `but`. Returns how many ended."""
    number = end_without_entry(session, now, user_id, but=but)
    if number:
        after = {"sessions": number}
        record(session, now, actor, Action.SESSION_END_ALL, **about(Subject.USER, user_id), after=after)
    return number


def end_sessions_of_everybody(session: Session, now: datetime) -> int:
    """End the sessions of all people, as a restore from a backup does. Returns how many ended."""
    return affected_rows(
        session, update(UserSession).where(UserSession.ended_at.is_(None)).values(ended_at=now)
    )


def forget_sessions(session: Session, before: datetime) -> int:
    """Delete the rows of sessions that were not used since then."""
    return affected_rows(session, delete(UserSession).where(UserSession.last_seen_at < before))
