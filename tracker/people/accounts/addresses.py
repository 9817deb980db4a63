"""Who has an e-mail address, and the user of a creator who has proven theirs."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, literal, select, update
from sqlalchemy.orm import Session, aliased

from config.affected import affected_rows
from config.insert import insert_once
from tracker.ids import new_id
from tracker.people.accounts.models import Creator, User
from tracker.people.accounts.operations import USER


@dataclass(frozen=True)
class Addressee:
    """Who has the address: a user, a creator without a user, or one of each. All None: nobody."""

    user_id: str | None
    creator_id: str | None
    name: str
    language: str | None
    timezone: str | None

    @property
    def is_known(self) -> bool:
        return self.user_id is not None or self.creator_id is not None


def find_addressee(session: Session, email: str) -> Addressee:
    """Who has this address, in its normal form. The same single query for a known and an unknown one."""
    asked = select(literal(email).label("email")).subquery()
    user_id, name, language, timezone, creator_id, creator_name = session.execute(
        select(User.id, User.name, User.language, User.timezone, Creator.id, Creator.name)
        .select_from(asked)
        .join(User, User.email == asked.c.email, isouter=True)
        .join(Creator, and_(Creator.email == asked.c.email, Creator.user_id.is_(None)), isouter=True)
    ).one()
    return Addressee(user_id, creator_id, name or creator_name or "", language, timezone)


def user_with_address(session: Session, now: datetime, *, email: str, name: str) -> str:
    """The id of the user with this address, in its normal form; one is made if there is none."""
    insert_once(session, User, id=new_id(USER, now), email=email, name=name, created_at=now)
    return session.scalars(select(User.id).where(User.email == email)).one()


def link_creator(session: Session, creator_id: str, user_id: str) -> bool:
    """Let a user sign in as this creator. Returns False when either already has the other's place."""
    other = aliased(Creator)
    return (
        affected_rows(
            session,
            update(Creator)
            .where(Creator.id == creator_id, Creator.user_id.is_(None))
            .where(~exists().where(other.user_id == user_id))
            .values(user_id=user_id),
        )
        == 1
    )
