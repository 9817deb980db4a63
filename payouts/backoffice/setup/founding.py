"""What the first two steps of the set-up do: the first user, and the brand of which they are the owner."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from tracker.audit.actions import Action, Subject
from tracker.audit.actors import Actor, ActorKind
from tracker.audit.operations import record
from tracker.errors import Gone
from tracker.language.texts import gettext as _
from tracker.people.accounts.memberships import add_member
from tracker.people.accounts.models import Brand, User
from tracker.people.accounts.operations import allow_host, create_brand, create_user
from tracker.people.accounts.roles import Role
from tracker.people.accounts.rules import normalize_host
from tracker.people.installation.mode import decide_mode
from tracker.people.installation.rules import Mode, RailSettings
from tracker.people.installation.setup_link import end_setup_links, may_set_up

ENTRY_POINT = "setup.owner"


@dataclass(frozen=True)
class Owner:
    """Who sets up the installation, as typed."""

    name: str
    email: str
    language: str
    timezone: str


def set_up_owner(
    session: Session, now: datetime, cookie: str, owner: Owner, mode: Mode, given: RailSettings
) -> User:
    """Create the first user, who operates the installation, and decide the mode. Ends all set-up links.

    Raises Gone without a valid cookie or when there is a user already, Invalid for what was typed, and
    Conflict when the settings do not fit the mode, or somebody else was faster.
    """
    if not may_set_up(session, now, cookie):
        raise Gone(_("This set-up link has ended, or Linkledger was set up meanwhile."))
    decide_mode(session, now, mode, given)
    user = create_user(session, now, name=owner.name, email=owner.email)
    user.language, user.timezone, user.is_operator = owner.language, owner.timezone, True
    session.flush()
    end_setup_links(session)
    actor = Actor(ActorKind.USER, ENTRY_POINT, user.id)
    after = {"mode": mode, "operator": user.id}
    record(
        session,
        now,
        actor,
        Action.INSTALLATION_SET_UP,
        subject_kind=Subject.INSTALLATION,
        subject_id="installation",
        after=after,
    )
    return user


@dataclass(frozen=True)
class NewBrand:
    """A brand as typed; `host` is the shop's."""

    name: str
    currency: str
    timezone: str
    host: str


def set_up_brand(session: Session, now: datetime, actor: Actor, user_id: str, typed: NewBrand) -> Brand:
    """Create a brand with the host of its shop, and make the user its owner. Raises Invalid."""
    normalize_host(typed.host)  # first, so that its error names the host
    brand = create_brand(
        session, now, name=typed.name, currency=typed.currency, timezone=typed.timezone, actor=actor
    )
    allow_host(session, now, actor=actor, brand_id=brand.id, host=typed.host)
    add_member(session, now, brand_id=brand.id, user_id=user_id, role=Role.OWNER, actor=actor)
    return brand
