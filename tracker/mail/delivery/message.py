"""A message in the form that mail servers take (RFC 5322): headers, a plain and an HTML part."""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from tracker.mail.models import MailMessage
from tracker.mail.outbox import Body

_POLICY = SMTP.clone(max_line_length=900)
"""Headers stay on one line (RFC 5322 allows 998): where Python 3.11 folds encoded words, it loses spaces."""


@dataclass(frozen=True)
class Sender:
    """The address that all messages come from, and how this machine names itself."""

    address: str

    @property
    def host(self) -> str:
        return self.address.rpartition("@")[2]


def message_id_of(message_id: str, sender: Sender) -> str:
    """The same for each attempt, so that a message that arrives twice can be recognised."""
    return f"<{message_id}@{sender.host}>"


def is_ascii_address(address: str) -> bool:
    """Other addresses need a server with SMTPUTF8 (RFC 6531), of which we make no use."""
    return address.isascii()


def content_of(message: MailMessage, body: Body, sender: Sender, unsubscribe_url: str | None) -> bytes:
    """The message as bytes, with lines of at most 76 characters in its parts.

    unsubscribe_url: where one click switches messages of this kind off (RFC 8058); None where none does.
    """
    made = EmailMessage(_POLICY)
    made["From"] = Address(message.from_name, addr_spec=sender.address)
    made["To"] = Address(message.to_name, addr_spec=message.to_address)
    if message.reply_to:
        made["Reply-To"] = Address(message.from_name, addr_spec=message.reply_to)
    made["Subject"] = body.subject
    made["Date"] = format_datetime(message.created_at)
    made["Message-ID"] = message_id_of(message.id, sender)
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    if unsubscribe_url:
        made["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content(body.text, charset="utf-8", cte="quoted-printable")
    made.add_alternative(body.html, subtype="html", charset="utf-8", cte="quoted-printable")
    for part in made.iter_parts():
        part["Content-Language"] = message.language
    return made.as_bytes()
