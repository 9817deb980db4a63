"""A message as it is composed: to whom, from whom, and its two forms."""

import re
import unicodedata
from dataclasses import dataclass

SUBJECT_LENGTH = 200
NAME_LENGTH = 100
_ELLIPSIS = "…"
_SPACES = re.compile(r"\s+")
_HIDDEN = ("Cc", "Cf", "Cs", "Co")
_JOINERS = "\u200c\u200d"
"""They are hidden, too, but names in Persian and Hindi, and many emojis, are written with them."""


@dataclass(frozen=True)
class Recipient:
    """`user_id` or `creator_id` says whose preferences count; a guest has neither."""

    address: str
    name: str = ""
    language: str = "en"
    user_id: str | None = None
    creator_id: str | None = None


@dataclass(frozen=True)
class Letter:
    """Both forms say the same. `from_name` is shown as the sender; `reply_to` is who gets replies."""

    subject: str
    text: str
    html: str
    from_name: str = ""
    reply_to: str | None = None


def one_line(text: str, length: int) -> str:
    """The text as the value of a header: one line, no control and no bidirectional characters, shortened."""
    spaced = _SPACES.sub(" ", text)
    shown = (each for each in spaced if each in _JOINERS or unicodedata.category(each) not in _HIDDEN)
    plain = "".join(shown).strip()
    return plain if len(plain) <= length else plain[: length - 1].rstrip() + _ELLIPSIS
