"""The person who is signed in, as views see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.audit.actors import Actor, ActorKind
from tracker.people.accounts.models import Creator, Membership, User
from tracker.people.accounts.roles import Role, role_named
from tracker.people.sessions.models import UserSession
from tracker.people.sessions.rules import SEEN_INTERVAL, has_absolute_limit, is_over, token_hash


@dataclass(frozen=True)
class Person:
    """A person with a live session. `language` and `timezone` are None where none was chosen."""

    user_id: str
    name: str
    email: str
    language: str | None
    timezone: str | None
    session_id: str
    is_operator: bool
    creator_id: str | None
    roles: Mapping[str, Role]
    """Id of a brand -> the role there."""
    signed_in_at: datetime
    last_seen_at: datetime
    stepped_up_until: datetime | None
    browser_family: str | None
    country: str | None

    def actor(self, entry_point: str) -> Actor:
        """This person as the actor of an operation; `entry_point` is the endpoint of the view."""
        return Actor(ActorKind.USER, entry_point, self.user_id, self.browser_family, self.country)

    def has_stepped_up(self, now: datetime) -> bool:
        """Whether the person proved who they are within the last ten minutes."""
        return self.stepped_up_until is not None and now < self.stepped_up_until

    def should_record_seen(self, now: datetime) -> bool:
        return self.last_seen_at <= now - SEEN_INTERVAL


def find_person(session: Session, now: datetime, token: str) -> Person | None:
    """The person whose live session has this token, with what is stored about them now; None if nobody.

    One query, so that a role that was removed no longer counts at the next request.
    """
    rows = session.execute(
        select(UserSession, User, Creator.id, Membership)
        .join(User, User.id == UserSession.user_id)
        .join(Creator, Creator.user_id == User.id, isouter=True)
        .join(Membership, Membership.user_id == User.id, isouter=True)
        .where(UserSession.token_hash == token_hash(token), UserSession.ended_at.is_(None))
        .order_by(Membership.brand_id)
    ).all()
    if not rows:
        return None
    found, user, creator_id = rows[0][:3]
    memberships: list[Membership | None] = [row[3] for row in rows]
    roles = {each.brand_id: role_named(each.role) for each in memberships if each is not None}
    if is_over(
        now,
        signed_in_at=found.signed_in_at,
        last_seen_at=found.last_seen_at,
        absolute_limit=has_absolute_limit(roles.values(), is_operator=user.is_operator),
    ):
        return None
    return Person(
        user_id=user.id,
        name=user.name,
        email=user.email,
        language=user.language,
        timezone=user.timezone,
        session_id=found.id,
        is_operator=user.is_operator,
        creator_id=creator_id,
        roles=roles,
        signed_in_at=found.signed_in_at,
        last_seen_at=found.last_seen_at,
        stepped_up_until=found.stepped_up_until,
        browser_family=found.browser,
        country=found.country,
    )
