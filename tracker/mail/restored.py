"""After a restore: messages that the backup has as unsent are not sent, unless a person wants it."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from tracker.mail.delivery.rules import Problem
from tracker.mail.models import Fate, MailMessage


def end_unsent(session: Session, restored_to: datetime) -> int:
    """End all messages that wait, at the time of the backup. Returns how many.

    The installation that was saved may have sent them since, and a rehearsal must not write to people. Their
    content stays, so that `resend` can send one; what would let its reader in is erased.
    """
    ended = session.execute(
        update(MailMessage)
        .where(MailMessage.due_at.is_not(None))
        .values(
            state=Fate.EXPIRED.value,
            due_at=None,
            sealed=None,
            ended_at=restored_to,
            problem=Problem.RESTORED.value,
            fence=MailMessage.fence + 1,
        )
        .returning(MailMessage.id)
        .execution_options(synchronize_session=False)
    )
    return len(ended.all())
