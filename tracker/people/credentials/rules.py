"""Which passwords are accepted, and for which address of the installation passkeys are made. Pure."""

import unicodedata
from dataclasses import dataclass
from urllib.parse import urlsplit

from tracker.errors import Invalid
from tracker.language.texts import gettext as _
from tracker.people.accounts.rules import is_ip_address

MIN_LENGTH, MAX_LENGTH = 12, 200
FEWEST_DIFFERENT = 5
"""A password with fewer different characters repeats a few of them."""
_COMMON = """
123456789012 1234567890123 12345678901234 123456789abc 0123456789ab 1q2w3e4r5t6y 1qaz2wsx3edc q1w2e3r4t5y6
qwertyuiop12 qwertyuiop123 qwertyuiopasdf qwertzuiop12 qwertzuiop123 asdfghjkl123 qwerty123456 qwerty1234567
abcdefghijkl abcdef123456 abcd12345678 password1234 password12345 password123456 passwordpassword passw0rd1234
passwort1234 passwort12345 passwortpasswort iloveyou1234 iloveyouforever letmeinletmein administrator
admin1234567 administrator1 changemechangeme changeme1234 welcome12345 welcome123456 willkommen123
willkommen2026 sunshine1234 football1234 princess1234 schalke04schalke correcthorsebatterystaple linkledger12
linkledger123 linkledgerlinkledger
"""
COMMON = frozenset(_COMMON.split())
"""A short list of common passwords of at least 12 characters, in lower case."""


def normalize_password(text: str) -> str:
    """The same text for every keyboard: NFKC (NIST SP 800-63B, section 5.1.1.2)."""
    return unicodedata.normalize("NFKC", text)


def require_good_password(password: str, *, email: str, name: str) -> None:
    """Raises Invalid for a password, in its normal form, that is too short or easily guessed.

    As NIST SP 800-63B recommends, no kinds of characters are asked for.
    """
    if len(password) < MIN_LENGTH:
        raise _unfit(_("A password has at least %(num)s characters.", num=MIN_LENGTH))
    if len(password) > MAX_LENGTH:
        raise _unfit(_("A password has at most %(num)s characters.", num=MAX_LENGTH))
    folded = password.casefold()
    known = {email.casefold(), email.partition("@")[0].casefold(), name.casefold(), _solid(name)}
    if folded in known or _solid(folded) in known:
        raise _unfit(_("Choose something other than your name or address."))
    if folded in COMMON or len(set(folded)) < FEWEST_DIFFERENT:
        raise _unfit(_("Many people use this password, or it repeats a few characters. Choose another one."))


def _solid(text: str) -> str:
    return "".join(text.casefold().split())


def _unfit(message: str) -> Invalid:
    return Invalid(message, field="password")


@dataclass(frozen=True)
class RelyingParty:
    """For whom passkeys are made (WebAuthn level 3, section 5.4.2). `host` is the id, as in BASE_URL."""

    host: str
    origin: str


def relying_party(web_url: str) -> RelyingParty | None:
    """None where no browser makes a passkey: on a bare IP address, and without TLS except on localhost."""
    parts = urlsplit(web_url)
    host = parts.hostname or ""
    is_local = host == "localhost" or host.endswith(".localhost")
    if not host or is_ip_address(host) or not (parts.scheme == "https" or is_local):
        return None
    return RelyingParty(host, f"{parts.scheme}://{parts.netloc}".lower())
