"""The test message: it goes to the mail server at once and is no row of the outbox."""

from datetime import datetime

from tracker.ids import new_id
from tracker.language.formats import format_time
from tracker.mail.compose import compose
from tracker.mail.delivery.message import Sender, content_of
from tracker.mail.kinds import MailKind
from tracker.mail.models import MailMessage
from tracker.mail.outbox import MESSAGE, Body


def sample_content(sender: Sender, web_url: str, now: datetime, to: str) -> bytes:
    """As bytes for the server, in English."""
    sent_at = format_time(now, "UTC", with_zone=True)
    letter = compose("test", "en", web_url=web_url, sent_at=sent_at)
    message = MailMessage(
        id=new_id(MESSAGE, now),
        kind=MailKind.TEST.value,
        to_address=to,
        to_name="",
        from_name=letter.from_name,
        reply_to=None,
        language="en",
        created_at=now,
    )
    return content_of(message, Body(letter.subject, letter.text, letter.html), sender, None)
