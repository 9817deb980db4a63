"""A message as it is composed: to whom, from whom, and its two forms."""

import re
import unicodedata
from dataclasses import dataclass

SUBJECT_LENGTH = 200
NAME_LENGTH = 100
_ELLIPSIS = "…"
_SPACES = re.compile(r"\s+")
_HIDDEN = ("Cc", "Cf", "Cs", "Co")
_KEPT = "\n\u200c\u200d"
"""Also the joiners: names in Persian and Hindi, and many emojis, are written with them."""


@dataclass(frozen=True)
class Recipient:
    """`user_id` or `creator_id` says whose preferences count; a guest has neither.

    `timezone`: in whose morning a daily message goes out.
    """

    address: str
    name: str = ""
    language: str = "en"
    user_id: str | None = None
    creator_id: str | None = None
    timezone: str | None = None


@dataclass(frozen=True)
class Letter:
    """Both forms say the same. `from_name` is shown as the sender; `reply_to` is who gets replies."""

    subject: str
    text: str
    html: str
    from_name: str = ""
    reply_to: str | None = None


def envelope(letter: Letter, to: Recipient) -> dict[str, str | None]:
    """From whom to whom, as columns of a stored message."""
    return {
        "user_id": to.user_id,
        "creator_id": to.creator_id,
        "to_address": to.address,
        "to_name": one_line(to.name, NAME_LENGTH),
        "language": to.language,
        "from_name": one_line(letter.from_name, NAME_LENGTH),
    }


def one_line(text: str, length: int) -> str:
    """The text as the value of a header: one line, no control and no bidirectional characters, shortened.

    Also no start of an encoded word (RFC 2047), which readers would decode.
    """
    plain = without_hidden(_SPACES.sub(" ", text)).replace("=?", "= ?").strip()
    return plain if len(plain) <= length else plain[: length - 1].rstrip() + _ELLIPSIS


def without_hidden(text: str) -> str:
    """Without control characters, except line breaks, and without characters that change the direction."""
    return "".join(each for each in text if each in _KEPT or unicodedata.category(each) not in _HIDDEN)
