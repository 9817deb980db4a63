"""How long sessions last, and their tokens. Pure, except for the random choice of tokens."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from tracker.people.accounts.roles import DECIDES_ABOUT_MONEY, Role

SESSION = "ses"
UNUSED = timedelta(days=30)
"""A session that was not used for so long has ended."""
ABSOLUTE = timedelta(hours=12)
"""The longest session of a person who decides about money, or who operates the installation."""
STEP_UP = timedelta(minutes=10)
SEEN_INTERVAL = timedelta(minutes=5)
"""The time of the last request is written at most once in this time."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    """256 random bits as 43 characters."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """The plain SHA-256 of a token, as for keys: 256 random bits cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_token(text: str) -> bool:
    """Whether the text has the form of a token."""
    return _TOKEN.fullmatch(text) is not None


def has_absolute_limit(roles: Iterable[Role], *, is_operator: bool) -> bool:
    """Whether a session of a person with these roles ends 12 hours after the sign-in."""
    return is_operator or any(role in DECIDES_ABOUT_MONEY for role in roles)


def is_over(now: datetime, *, signed_in_at: datetime, last_seen_at: datetime, absolute_limit: bool) -> bool:
    """Whether the session ended by itself."""
    return last_seen_at + UNUSED <= now or (absolute_limit and signed_in_at + ABSOLUTE <= now)
