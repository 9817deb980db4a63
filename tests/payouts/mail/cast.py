"""People who get messages about money, and what stands in their mailboxes."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.database import read_session
from config.settings import Settings
from payouts.mail.due import compose_group, due_groups
from tests.cast.books import Books
from tracker.mail.models import MailCause, MailMessage
from tracker.people.accounts.models import Membership, User

JOINED = datetime.fromisoformat("2025-10-01T10:00:00+00:00")


def add_user(
    books: Books, name: str, role: str | None = None, *, language: str = "en", operator: bool = False
) -> str:
    """A user, with a role at the brand of the books. Returns the user's id."""
    user_id = f"usr_{name.lower()}"

    def work(session: Session) -> None:
        email = f"{name.lower()}@teas.example"
        user = User(id=user_id, email=email, name=name, created_at=JOINED, language=language)
        user.is_operator = operator
        session.add(user)
        session.flush()
        if role is not None:
            session.add(Membership(brand_id=books.brand_id, user_id=user_id, role=role, created_at=JOINED))

    books.write(work)
    return user_id


def compose_all(books: Books, now: datetime, settings: Settings | None = None) -> None:
    """What the job does at that time."""
    with read_session(books.databases.main) as session:
        groups = due_groups(session, now)
    for group in groups:
        work = partial(compose_group, now=now, cause_ids=group, settings=settings or books.settings)
        books.write(work)


def messages(books: Books, kind: str = "") -> Sequence[MailMessage]:
    with read_session(books.databases.main) as session:
        query = select(MailMessage).order_by(MailMessage.to_address, MailMessage.created_at)
        return [each for each in session.scalars(query) if kind in ("", each.kind)]


def waiting_causes(books: Books) -> list[str]:
    with read_session(books.databases.main) as session:
        query = select(MailCause.kind).where(MailCause.composed_at.is_(None)).order_by(MailCause.kind)
        return list(session.scalars(query))


def accept(books: Books, at: datetime, address: str) -> None:
    """As if the mail server had accepted the messages to an address."""
    sent = update(MailMessage).where(MailMessage.to_address == address, MailMessage.state == "queued")
    books.write(lambda s: s.execute(sent.values(state="sent", due_at=None, ended_at=at)))
