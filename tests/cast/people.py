"""Accounts: a brand with a program, members who take part in it, and a stranger who does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config.database import Databases, transact
from tracker.audit.actors import command_line
from tracker.clicks.token import make_token
from tracker.ids import new_uuid, uuid_of
from tracker.people.accounts.operations import create_brand, create_creator
from tracker.people.keys.operations import create_key
from tracker.programs.links.operations import create_link
from tracker.programs.operations import create_program, enroll

DESTINATION = "https://shop.example/tea"
RATE_BP = 1000
PERSON = command_line("a test")
"""The person at the brand who decides about commissions."""
START = datetime.fromisoformat("2025-10-01T10:00:00+00:00")
"""When the brand of `create_shop` is created; also the default for keys."""


@dataclass(frozen=True)
class Cast:
    """Ids only, so that they can be used in any thread and transaction."""

    brand_id: str
    program_id: str
    member_id: str
    stranger_id: str
    enrollment_id: str
    """That of the member."""


@dataclass(frozen=True)
class Member:
    """Ids of a creator, of the enrollment in a program, and of a link ("" when there is none)."""

    creator_id: str
    enrollment_id: str
    link_id: str


def create_cast(databases: Databases, now: datetime) -> Cast:
    """The brand Teas in Berlin with a 10 % program; Anna, a member with the code ANNA10; Bob, a stranger."""
    hosts = ["shop.example", "127.0.0.1"]

    def work(session: Session) -> Cast:
        brand_id, program_id = add_brand_with_program(session, now, timezone="Europe/Berlin", hosts=hosts)
        anna = add_member(
            session, now, program_id, "Anna", email="anna@people.example", coupon="ANNA10", linked=False
        )
        bob = create_creator(session, now, name="Bob", email="bob@people.example", country="AT")
        return Cast(brand_id, program_id, anna.creator_id, bob.id, anna.enrollment_id)

    return transact(databases.main, work)


def add_brand_with_program(
    session: Session, now: datetime, *, name: str = "Teas", currency: str = "EUR", **brand_fields: Any
) -> tuple[str, str]:
    """Ids of a brand, and of its program, which pays 10 % of the net. In UTC by default."""
    fields = {"timezone": "UTC", "hosts": ["shop.example"]} | brand_fields
    brand = create_brand(session, now, name=name, currency=currency, **fields)
    program = create_program(session, now, actor=PERSON, brand_id=brand.id, name="Friends", rate_bp=RATE_BP)
    return brand.id, program.id


def add_member(
    session: Session,
    now: datetime,
    program_id: str,
    name: str,
    *,
    email: str = "",
    creator_id: str = "",
    coupon: str | None = None,
    linked: bool = True,
    **link_fields: Any,
) -> Member:
    """A creator from Germany, new unless `creator_id` is given, who takes part in the program.

    `linked`: with a link to the shop. `link_fields` are those of the link: its code, its own rate.
    """
    if not creator_id:
        address = email or f"{name.lower()}@example.com"
        creator_id = create_creator(session, now, name=name, email=address, country="DE").id
    enrollment = enroll(
        session, now, actor=PERSON, program_id=program_id, creator_id=creator_id, coupon=coupon
    )
    link_id = add_link_of(session, now, program_id, creator_id, **link_fields) if linked else ""
    return Member(creator_id, enrollment.id, link_id)


def add_link_of(
    session: Session,
    now: datetime,
    program_id: str,
    creator_id: str,
    destination: str = DESTINATION,
    **link_fields: Any,
) -> str:
    """Add a link of a member, with a random code unless `code` is given. Returns its id."""
    link_fields |= {"program_id": program_id, "creator_id": creator_id, "destination": destination}
    return create_link(session, now, actor=PERSON, **link_fields).id


def click_token(keys: Sequence[str], link_id: str, clicked_at: datetime, *, earns: bool = True) -> str:
    """The token of a click that a person made then."""
    return make_token(keys, new_uuid(clicked_at), uuid_of(link_id, "lnk"), earns=earns, confirmed=True)


def new_key(
    databases: Databases,
    brand_id: str,
    *scopes: str,
    now: datetime = START,
    expires_at: datetime | None = None,
) -> str:
    """Create an API key of the brand. Returns the key's text."""
    fields: dict[str, Any] = {"brand_id": brand_id, "scopes": scopes, "expires_at": expires_at}
    return transact(databases.main, lambda s: create_key(s, now, actor=PERSON, name="program", **fields)[1])
