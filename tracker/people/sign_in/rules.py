"""The code of a sign-in mail, and which page may follow a sign-in. Pure, except for random codes."""

import re
import secrets
from collections.abc import Sequence
from datetime import timedelta

from tracker.signing import signer

REQUEST = "sgn"
VALID = timedelta(minutes=15)
MAX_TRIES = 5
CODE_DIGITS = 6
SIGN_IN_CODE = "linkledger.sign-in-code.1"

_START = "/app/"
_OWN_PATH = re.compile(r"/app/[A-Za-z0-9/_.~?&=%+:,-]*")
MAX_PATH_LENGTH = 500


def new_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def normalize_code(text: str) -> str:
    """The digits of a typed code: spaces and hyphens do not matter."""
    return re.sub(r"[\s-]", "", text)


def code_hash(keys: Sequence[str], request_id: str, code: str) -> str:
    """The keyed hash of a code: a million codes could be tried against a plain hash."""
    return signer(keys, SIGN_IN_CODE).get_signature(f"{request_id}:{code}".encode()).decode()


def code_matches(keys: Sequence[str], request_id: str, code: str, stored: str) -> bool:
    """Whether this is the code, compared in constant time, with a key that may have been replaced since."""
    return signer(keys, SIGN_IN_CODE).verify_signature(f"{request_id}:{code}", stored.encode())


def own_path(text: str | None) -> str | None:
    """`text` if it is the address of a page below /app/ of this installation, else None.

    So nobody is led to another site after a sign-in: no scheme, no host, no backslash, no encoded slash, no
    parent folder.
    """
    if not text or len(text) > MAX_PATH_LENGTH or not _OWN_PATH.fullmatch(text):
        return None
    path = text.partition("?")[0]
    if "//" in path or "%" in path or "/../" in f"{path}/" or "/./" in f"{path}/":
        return None
    return text


def next_page(text: str | None) -> str:
    """Where a sign-in leads: the page that was asked for, else the first page."""
    return own_path(text) or _START
