"""One-click unsubscribe (RFC 8058): a signed address that switches one kind of message off for one person.

It needs no sign-in, because it can do nothing else, and a person can switch the kind on again.
"""

from collections.abc import Sequence

from itsdangerous import BadSignature

from tracker.http.safety import UNSUBSCRIBE_PATH
from tracker.mail.kinds import RULES, MailKind
from tracker.signing import MAIL_UNSUBSCRIBE, signer

_SEPARATOR = "."


def unsubscribe_url(keys: Sequence[str], web_url: str, person_id: str | None, kind: MailKind) -> str | None:
    """The address for a person (id of a user or creator); None where the kind cannot be switched off."""
    if person_id is None or not RULES[kind].can_be_switched_off:
        return None
    token = signer(keys, MAIL_UNSUBSCRIBE).sign(f"{person_id}{_SEPARATOR}{kind.value}").decode()
    return f"{web_url}{UNSUBSCRIBE_PATH}{token}"


def read_token(keys: Sequence[str], token: str) -> tuple[str, MailKind] | None:
    """The person and the kind of a token; None when it is not ours, or of a kind that is always sent."""
    try:
        content = signer(keys, MAIL_UNSUBSCRIBE).unsign(token).decode()
    except (BadSignature, UnicodeError):
        return None
    person_id, _, word = content.partition(_SEPARATOR)
    kind = next((each for each in MailKind if each.value == word), None)
    return (person_id, kind) if kind and RULES[kind].can_be_switched_off else None
