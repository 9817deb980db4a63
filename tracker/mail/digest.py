"""The daily message of a person: all that was held back, in the morning of their zone."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from config.among import among
from tracker.mail.compose import compose
from tracker.mail.kinds import MailKind
from tracker.mail.letters import Recipient
from tracker.mail.models import MailHeld
from tracker.mail.outbox import queue

NOTICES_PATH = "/app/profile/notices"
MOST = 100
"""Messages of one digest; more of them make another one."""


@cache
def next_digest() -> Select[datetime]:
    """When a digest next has to be composed. By the index of what waits."""
    return select(func.min(MailHeld.due_at)).where(MailHeld.message_id.is_(None))


def due_readers(session: Session, now: datetime) -> Sequence[str]:
    """Ids of the users and creators whose morning has come."""
    due = select(MailHeld.person_id).where(MailHeld.message_id.is_(None), MailHeld.due_at <= now)
    return session.scalars(due.distinct().order_by(MailHeld.person_id)).all()


def compose_digest(
    session: Session, now: datetime, person_id: str, *, web_url: str, keys: Sequence[str]
) -> int:
    """Compose one message of all that waits for a person. Returns how many messages it holds.

    Of two processes, one writes it: its key is the oldest message in it.
    """
    waiting = (
        select(MailHeld)
        .where(MailHeld.person_id == person_id, MailHeld.message_id.is_(None))
        .order_by(MailHeld.id)
        .limit(MOST)
    )
    held = session.scalars(waiting).all()
    if not held:
        return 0
    last = held[-1]
    to = Recipient(last.to_address, last.to_name, last.language, last.user_id, last.creator_id)
    letter = compose("digest", to.language, held=held, notices_url=f"{web_url}{NOTICES_PATH}")
    key = f"{MailKind.DIGEST.value}:{held[0].id}"
    message_id = queue(session, now, letter, to, kind=MailKind.DIGEST, key=key, keys=keys)
    if message_id is None:
        return 0
    session.execute(
        update(MailHeld)
        .where(among(MailHeld.id, "ids"), MailHeld.message_id.is_(None))
        .values(message_id=message_id)
        .execution_options(synchronize_session=False),
        {"ids": [each.id for each in held]},
    )
    return len(held)
