"""To whom messages about money go, and in whose name."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.language.texts import LANGUAGES
from tracker.mail.colours import PRODUCT_COLOUR
from tracker.mail.compose import MailLook
from tracker.mail.letters import Recipient
from tracker.people.accounts.models import Brand, Creator, Membership, User
from tracker.people.accounts.roles import FORMER_NAMES
from tracker.people.looks.operations import find_look
from tracker.people.looks.rules import logo_path

APPROVERS = ("owner", "finance")
"""The roles that approve statements (PAGES 3)."""


def approvers(session: Session, brand_id: str) -> Sequence[Recipient]:
    """The owners and finance members of a brand, in the order of their ids."""
    return at_brand(session, brand_id, APPROVERS)


def at_brand(session: Session, brand_id: str, roles: Sequence[str]) -> Sequence[Recipient]:
    """The members of a brand with these roles, in the order of their ids."""
    stored = [*roles, *(name for name, role in FORMER_NAMES.items() if role in roles)]
    query = (
        select(User)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.brand_id == brand_id, Membership.role.in_(stored))
        .order_by(User.id)
    )
    return [_to_user(user) for user in session.scalars(query)]


def everybody_for_money(session: Session) -> Sequence[Recipient]:
    """The owners and finance members of all brands, each person once."""
    members = select(Membership.user_id).where(Membership.role.in_(APPROVERS))
    query = select(User).where(User.id.in_(members)).order_by(User.id)
    return [_to_user(user) for user in session.scalars(query)]


def operators(session: Session) -> Sequence[Recipient]:
    query = select(User).where(User.is_operator).order_by(User.id)
    return [_to_user(user) for user in session.scalars(query)]


def creator(session: Session, creator_id: str) -> Recipient:
    """A creator, in the language of the user who signs in as this creator, if there is one."""
    found = session.get_one(Creator, creator_id)
    user = session.get(User, found.user_id) if found.user_id else None
    language = (user.language if user else None) or LANGUAGES[0]
    zone = user.timezone if user else None
    return Recipient(found.email, found.name, language, found.user_id, found.id, zone)


def look_of(session: Session, brand: Brand, web_url: str) -> MailLook:
    """The colour, logo and contact of the brand; without a logo, its name stands in its place.

    `web_url`: the address of this installation, where mail programs find the logo.
    """
    look = find_look(session, brand.id)
    if look is None:
        return MailLook(name=brand.name)
    logo_url = None
    if look.logo_type is not None and look.logo_hash is not None:
        logo_url = web_url + logo_path(brand.id, look.logo_type, look.logo_hash)
    return MailLook(brand.name, look.colour or PRODUCT_COLOUR, logo_url, look.contact_email)


def _to_user(user: User) -> Recipient:
    return Recipient(user.email, user.name, user.language or LANGUAGES[0], user.id, timezone=user.timezone)
