"""Sends a message again, by a person's wish."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from tracker.errors import Conflict
from tracker.mail.kinds import UNDELIVERED_AFTER
from tracker.mail.models import Fate, MailMessage
from tracker.mail.outbox import body_of
from tracker.mail.queries import get_message


def resend(session: Session, now: datetime, message_id: str, *, keys: Sequence[str]) -> MailMessage:
    """Queue a message again, for three more days. The same message is sent, with the same Message-ID.

    Raises NotFound, and Conflict when its content was erased or it is being sent.
    """
    message = get_message(session, message_id)
    if body_of(message, keys) is None:
        raise Conflict(
            f"{message.id} cannot be sent again: its content was secret and is erased. Ask for a "
            "new one: sign in again, or invite again."
        )
    queued = session.execute(
        update(MailMessage)
        .where(MailMessage.id == message.id, MailMessage.state != Fate.SENDING.value)
        .values(
            state=Fate.QUEUED.value,
            due_at=now,
            ended_at=None,
            expires_at=now + UNDELIVERED_AFTER,
            attempts=0,
            fence=MailMessage.fence + 1,
        )
        .returning(MailMessage.id)
        .execution_options(synchronize_session=False)
    )
    if queued.first() is None:
        raise Conflict(f"{message.id} is being sent at this moment. Look at it again in some minutes.")
    session.refresh(message)
    return message
