"""The outbox: a message is written in the transaction of its cause, and a job sends it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.ids import new_id
from tracker.mail.holding import hold_back
from tracker.mail.kinds import RULES, UNDELIVERED_AFTER, Choice, MailKind
from tracker.mail.letters import SUBJECT_LENGTH, Letter, Recipient, envelope, one_line
from tracker.mail.models import Fate, MailMessage
from tracker.mail.preferences import choice_of
from tracker.signing import MAIL_BODY, decrypt, encrypt

MESSAGE = "mal"


@dataclass(frozen=True)
class Body:
    """What a person reads."""

    subject: str
    text: str
    html: str


def queue(
    session: Session,
    now: datetime,
    letter: Letter,
    to: Recipient,
    *,
    kind: MailKind,
    key: str,
    keys: Sequence[str],
    brand_id: str | None = None,
    subject_id: str | None = None,
    expires_at: datetime | None = None,
) -> str | None:
    """Write a message to the outbox. Returns its id; None when there is a message with this key already.

    Also None when the person does not want this kind, or wants it once a day: then it waits for the digest.

    key: names the cause and the recipient, so that a repeated operation sends nothing twice. keys: the
    installation's secret keys; the subject and body of a secret message are stored encrypted. subject_id: the
    row that it is about. expires_at: when the message loses its use; it is tried until then, and at most for
    UNDELIVERED_AFTER.
    """
    choice = choice_of(session, kind, user_id=to.user_id, creator_id=to.creator_id)
    if choice is Choice.DAILY:
        hold_back(session, now, letter, to, kind=kind, key=key, brand_id=brand_id, subject_id=subject_id)
    if choice is not Choice.EACH:
        return None
    latest = now + UNDELIVERED_AFTER
    message_id = new_id(MESSAGE, now)
    written = insert_once(
        session,
        MailMessage,
        id=message_id,
        key=key,
        kind=kind.value,
        brand_id=brand_id,
        subject_id=subject_id,
        **envelope(letter, to),
        reply_to=letter.reply_to,
        **_content(letter, secret=RULES[kind].secret, keys=keys),
        state=Fate.QUEUED.value,
        due_at=now,
        expires_at=min(expires_at or latest, latest),
        attempts=0,
        fence=0,
        created_at=now,
    )
    return message_id if written else None


def body_of(message: MailMessage, keys: Sequence[str]) -> Body | None:
    """What the message says; None when it was erased. Raises CannotDecrypt."""
    if message.sealed is not None:
        content = json.loads(decrypt(keys, MAIL_BODY, message.sealed))
        return Body(content["subject"], content["body_text"], content["body_html"])
    if message.subject is None or message.body_text is None or message.body_html is None:
        return None
    return Body(message.subject, message.body_text, message.body_html)


def _content(letter: Letter, *, secret: bool, keys: Sequence[str]) -> dict[str, Any]:
    content = {
        "subject": one_line(letter.subject, SUBJECT_LENGTH),
        "body_text": letter.text,
        "body_html": letter.html,
    }
    return {"sealed": encrypt(keys, MAIL_BODY, json.dumps(content))} if secret else content
