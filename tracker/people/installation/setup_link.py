"""The set-up link, which is printed to the terminal: one hour, one use, and only while no user exists.

The token is exchanged for a cookie when the link is opened, so that it stands in one request only. Both are
32 random bytes, stored as their plain SHA-256 (docs/decisions/0051).
"""

import hashlib
import secrets
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, delete, exists, select, update
from sqlalchemy.orm import Session

from tracker.errors import Conflict
from tracker.ids import new_id
from tracker.people.accounts.models import User
from tracker.people.installation.models import SetupLink
from tracker.people.installation.rules import LINK_LIFETIME

LINK = "stp"
SECRET_BYTES = 32


def nobody_is_there(session: Session) -> bool:
    """Whether the installation has no user yet."""
    return not session.scalar(select(exists().select_from(User)))


def make_setup_link(session: Session, now: datetime) -> str:
    """The token of a new set-up link. Former links that nobody opened end.

    Raises Conflict when there is a user: then the set-up is over.
    """
    if not nobody_is_there(session):
        raise Conflict(
            "Linkledger is set up: it has users. Invite somebody with: linkledger user invite EMAIL"
        )
    session.execute(delete(SetupLink).where(SetupLink.opened_at.is_(None)))
    token = secrets.token_urlsafe(SECRET_BYTES)
    row = SetupLink(
        id=new_id(LINK, now),
        token_hash=_hash(token),
        cookie_hash=None,
        created_at=now,
        expires_at=now + LINK_LIFETIME,
        opened_at=None,
    )
    session.add(row)
    session.flush()
    return token


def open_setup_link(session: Session, now: datetime, token: str) -> str | None:
    """Exchange the token for the value of a cookie, once. None: unknown, used, expired, or a user exists."""
    cookie = secrets.token_urlsafe(SECRET_BYTES)
    opened = (
        update(SetupLink)
        .where(
            SetupLink.token_hash == _hash(token),
            SetupLink.opened_at.is_(None),
            SetupLink.expires_at > now,
            ~exists().select_from(User),
        )
        .values(cookie_hash=_hash(cookie), opened_at=now, expires_at=now + LINK_LIFETIME)
    )
    result = cast(CursorResult[Any], session.execute(opened))
    return cookie if result.rowcount == 1 else None


def may_set_up(session: Session, now: datetime, cookie: str) -> bool:
    """Whether the cookie is that of an opened set-up link, and still nobody is there."""
    known = select(exists().where(SetupLink.cookie_hash == _hash(cookie), SetupLink.expires_at > now))
    return bool(session.scalar(known)) and nobody_is_there(session)


def end_setup_links(session: Session) -> None:
    """Delete all set-up links: somebody is there now."""
    session.execute(delete(SetupLink))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
