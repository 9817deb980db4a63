"""Who can sign in to the demo by one click: a creator, the owner of the brand, an operator."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.insert import insert_once
from payouts.demo.creators import MIRA
from payouts.demo.queries import demo_brand
from tracker.people.accounts.models import Creator, Membership, User
from tracker.people.accounts.operations import create_user
from tracker.people.accounts.roles import Role


class DemoPerson(StrEnum):
    CREATOR = "creator"
    OWNER = "owner"
    OPERATOR = "operator"


_USERS = {
    DemoPerson.CREATOR: (MIRA.name, MIRA.email),
    DemoPerson.OWNER: ("Nora Wind", "nora@northwind.example"),
    DemoPerson.OPERATOR: ("Otis Park", "otis@linkledger.example"),
}
"""Name and address."""


def demo_user(session: Session, now: datetime, who: DemoPerson) -> str:
    """The id of the user, who is created if there is none: a demo of an older version has no users."""
    name, email = _USERS[who]
    found = session.scalar(select(User.id).where(User.email == email))
    if found is not None:
        return found
    user = create_user(session, now, name=name, email=email)
    if who is DemoPerson.CREATOR:
        session.execute(update(Creator).where(Creator.email == email).values(user_id=user.id))
    elif who is DemoPerson.OWNER:
        brand = demo_brand(session)
        member = {"brand_id": brand.id, "user_id": user.id, "role": Role.OWNER.value}
        insert_once(session, Membership, **member, created_at=now)
    else:
        user.is_operator = True
    session.flush()
    return user.id
