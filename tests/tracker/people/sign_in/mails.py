"""Reading the sign-in mails of a test as their recipients do."""

import json
import re
from dataclasses import dataclass

from sqlalchemy import select

from config.database import Databases, read_session
from config.settings import Settings
from tracker.mail.models import MailMessage
from tracker.signing import MAIL_BODY, decrypt


@dataclass(frozen=True)
class ReceivedMail:
    to: str
    subject: str
    text: str

    @property
    def code(self) -> str:
        found = re.search(r"\b\d{6}\b", self.text)
        assert found
        return found[0]

    @property
    def path(self) -> str:
        """The path of the link in the mail."""
        found = re.search(r"https?://[^/\s]+(/\S+)", self.text)
        assert found
        return found[1]


def received_mails(settings: Settings, databases: Databases) -> list[ReceivedMail]:
    """All messages of the outbox, the oldest first; secret ones are decrypted."""
    with read_session(databases.main) as session:
        rows = session.scalars(select(MailMessage).order_by(MailMessage.id)).all()
    mails = []
    for row in rows:
        content = {"subject": row.subject, "body_text": row.body_text}
        if row.sealed is not None:
            content = json.loads(decrypt(settings.secret_keys, MAIL_BODY, row.sealed))
        mails.append(ReceivedMail(row.to_address, str(content["subject"]), str(content["body_text"])))
    return mails


def last_mail(settings: Settings, databases: Databases) -> ReceivedMail:
    return received_mails(settings, databases)[-1]
