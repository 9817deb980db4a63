"""A small installation with something on every page: a brand, its shop, creators, a draft, all roles.

Its story ends on 3 November 2026; who opens its pages travels to NOON of that day.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import open_databases
from config.settings import Settings
from payouts.statements.decisions.commissions import decline, hold
from payouts.transfers.sandbox.server import SandboxServer
from tests.cast.books import Books, add_creator, add_link, at, open_books
from tests.cast.months import sandbox_file
from tests.cast.people import PERSON
from tests.tracker.people.looks.pictures import png
from tracker.mail.kinds import MailKind
from tracker.mail.unsubscribe import unsubscribe_url
from tracker.people.accounts.memberships import add_member
from tracker.people.accounts.models import Brand, Creator, User
from tracker.people.accounts.operations import create_user
from tracker.people.accounts.roles import Role
from tracker.people.invitations.operations import Sending, invite
from tracker.people.invitations.rules import member_offer
from tracker.people.looks.operations import set_look
from tracker.programs.models import Program

NOON = at("11-03")
CREATOR, OPERATOR, NOBODY = "creator", "operator", "nobody"
BRAND = "Teas"
SPARE = "spare"
"""A member whom a form may change and remove."""
UGLY_NAMES = (
    ("<script>alert(1)</script> " + "W" * 120)[:120],
    ("مقهى الشمال " + "=1+1 " * 30)[:120].strip(),
    ("Ärztin 👩🏽 " * 20)[:120].strip(),
)
"""As long as names may be: a script and a word without a break; right to left, and a formula; emoji."""


@dataclass(frozen=True)
class Installation:
    """`users`: role, CREATOR or OPERATOR -> id. `paths`: addresses with a token, by endpoint."""

    books: Books
    users: Mapping[str, str]
    paths: Mapping[str, str]

    @property
    def parameters(self) -> Mapping[str, str]:
        """Parameter of an address -> what stands there."""
        books = self.books
        return {
            "brand_id": books.brand_id,
            "link_id": books.link_id,
            "source_id": books.source_id,
            "user_id": self.users[SPARE],
        }


def furnish(settings: Settings) -> Installation:
    """Fill migrated, empty databases. They are closed at the end."""
    with _books(settings) as books:
        _trade(books)
        users: dict[str, str] = books.write(lambda session: _people(session, books))
        paths: dict[str, str] = books.write(lambda session: _paths(session, books, users))
    return Installation(books, users, paths)


def make_ugly(session: Session) -> None:
    """Give every brand, person, creator and program one of the ugliest names that are allowed."""
    names = cycle(UGLY_NAMES)
    brands, programs = session.scalars(select(Brand)), session.scalars(select(Program))
    creators, users = session.scalars(select(Creator)), session.scalars(select(User))
    for found in (*brands, *programs, *creators, *users):
        found.name = next(names)


@contextmanager
def _books(settings: Settings) -> Iterator[Books]:
    databases = open_databases(settings)
    with SandboxServer(sandbox_file(settings)) as sandbox:
        yield open_books(settings, databases, sandbox, name=BRAND, timezone="Europe/Berlin")
    databases.close()


def _trade(books: Books) -> None:
    """October's draft with released, held, declined and refunded lines, and sales of November."""
    for number in range(1, 7):
        books.sale(f"10{number:02}", number * 100_00, f"10-{number:02} 09:00")
    books.refund("1003", 50_00, "10-08")
    other = add_creator(books, "Bob", connected=False)
    other.sale("1010", 90_00, "10-20")
    books.end("2026-10", "2026-10-31T23:05:00")
    books.decide(decline, "1005", "11-02 10:00", reason="returned", note="came back <unopened>")
    books.decide(hold, "1006", "11-02 10:00", reason="under_review")
    for number in range(4):
        books.sale(f"11{number:02}", 45_50, f"11-02 1{number}:00")
        add_link(books, f"anna-tea-{number}")


def _people(session: Session, books: Books) -> dict[str, str]:
    """A user for each role; the one of the creator is Anna, and SPARE is a second viewer."""
    users = {}
    for name in (*Role, SPARE, CREATOR, OPERATOR):
        email = f"{name}@people.example"
        user = create_user(session, NOON, email=email, name=f"{name.capitalize()} Petersen")
        users[str(name)] = user.id
    for role, name in [*((role, role.value) for role in Role), (Role.VIEWER, SPARE)]:
        add_member(session, NOON, brand_id=books.brand_id, user_id=users[name], role=role.value)
    session.get_one(Creator, books.creator_id).user_id = users[CREATOR]
    session.get_one(User, users[OPERATOR]).is_operator = True
    set_look(
        session,
        NOON,
        actor=PERSON,
        brand_id=books.brand_id,
        colour="#7a1f5c",
        logo=png(64, 64),
        contact_email="hello@teas.example",
    )
    return users


def _paths(session: Session, books: Books, users: Mapping[str, str]) -> dict[str, str]:
    web_url, keys = books.settings.web_url, books.settings.secret_keys
    sending = Sending(web_url, keys)
    offers = {
        "gil@people.example": member_offer(books.brand_id, Role.FINANCE),
        "hal@people.example": member_offer(books.brand_id, Role.VIEWER),
    }
    invited = [
        invite(session, NOON, offer, actor=PERSON, sending=sending, email=email)
        for email, offer in offers.items()
    ]
    unsubscribe = unsubscribe_url(keys, web_url, users[Role.OWNER.value], MailKind.SHOP_SILENT)
    assert unsubscribe is not None
    paths = {"people.invitation": invited[0].url, "mail.unsubscribe": unsubscribe}
    return {endpoint: url.removeprefix(web_url) for endpoint, url in paths.items()}
