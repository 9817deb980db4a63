"""What the answer of a mail server means for a message, and when it is tried again. Pure."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from tracker.mail.letters import one_line

REPLY_LENGTH = 300
WAITS = (
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
)
"""The back-off after each failed attempt; the last one counts for all further attempts.

It begins short, because a sign-in code has to arrive in seconds, also while a mail server restarts.
"""
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?=\s|$)")
"""RFC 2034, section 4: the text of a reply begins with the code of RFC 3463."""
SERVICE_CLOSES = 421
"""RFC 5321, section 3.8: sent in place of any reply before the server closes the connection."""


class Problem(StrEnum):
    """Where a delivery ended. The first group concerns the server, and so all messages.

    `sender_refused`: it does not accept our sender, whatever the message.
    """

    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    CONNECTION_LOST = "connection_lost"
    GREETING_REFUSED = "greeting_refused"
    TLS_MISSING = "tls_missing"
    TLS_FAILED = "tls_failed"
    SIGN_IN_MISSING = "sign_in_missing"
    SIGN_IN_REFUSED = "sign_in_refused"
    SENDER_REFUSED = "sender_refused"

    RECIPIENT_REFUSED = "recipient_refused"
    CONTENT_REFUSED = "content_refused"
    ADDRESS_NOT_ASCII = "address_not_ascii"

    RESTORED = "restored"
    """It was never tried: it waited in a backup that was restored."""


@dataclass(frozen=True)
class Reply:
    """A reply of a mail server: its code, the enhanced code if it has one, and its text in one line."""

    code: int
    enhanced_code: str | None
    text: str

    @property
    def accepted(self) -> bool:
        return 200 <= self.code < 300

    @property
    def permanent(self) -> bool:
        """RFC 5321, section 4.2.1: a negative reply that a repetition does not change."""
        return self.code >= 500


def reply_of(code: int, text: bytes | str) -> Reply:
    shown = one_line(text if isinstance(text, str) else text.decode("utf-8", "replace"), REPLY_LENGTH)
    enhanced = _ENHANCED.match(shown)
    return Reply(code, enhanced[1] if enhanced else None, shown)


def wait_after(attempts: int) -> timedelta:
    """The back-off after this number of attempts, which is 1 or more."""
    return WAITS[min(attempts, len(WAITS)) - 1]
