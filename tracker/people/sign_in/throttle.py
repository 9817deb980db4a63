"""Counts attempts in the database, by account and by network address, and refuses those above a limit."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from sqlalchemy import case, delete, select
from sqlalchemy.orm import Session

from config.affected import affected_rows
from config.insert import insert_into
from tracker.errors import LinkledgerError
from tracker.language.texts import ngettext
from tracker.people.sign_in.models import AttemptCount
from tracker.signing import signer

ATTEMPTS = "linkledger.attempts.1"
_NETWORK_BITS = 64
"""One customer of a provider has at least such a network of IPv6 addresses."""


class Limit(NamedTuple):
    """At most `attempts` of this kind for one subject in a window, which begins with the first of them."""

    kind: str
    attempts: int
    window: timedelta


MAILS_TO_ACCOUNT = Limit("mail_to_account", 10, timedelta(hours=1))
MAILS_FROM_ADDRESS = Limit("mail_from_address", 30, timedelta(minutes=15))
WRONG_CODES_OF_ACCOUNT = Limit("wrong_code", 20, timedelta(days=1))
"""20 of a million codes a day. The link in the mail works on, so nobody can be locked out with it."""
STEP_UP_MAILS = Limit("step_up_mail", 10, timedelta(hours=1))
WRONG_STEP_UP_CODES = Limit("wrong_step_up_code", 20, timedelta(days=1))
"""Counted apart, because only who is signed in uses them: a stranger who knows the address of a person and
has used up the limits of sign-in with it does not keep them from a step-up, which has no link."""
CODES_FROM_ADDRESS = Limit("code_from_address", 60, timedelta(minutes=15))
PASSWORDS_OF_ACCOUNT = Limit("password", 20, timedelta(days=1))
"""20 wrong ones a day: a right one begins the count again. Codes by mail work on."""
PASSWORDS_FROM_ADDRESS = Limit("password_from_address", 60, timedelta(minutes=15))
PASSKEYS_FROM_ADDRESS = Limit("passkey_from_address", 60, timedelta(minutes=15))


class TooManyAttempts(LinkledgerError):
    """The limit is reached; another attempt is allowed in `wait_s` seconds."""

    status = 429
    exit_code = 2

    def __init__(self, wait_s: int) -> None:
        minutes = -(-wait_s // 60)
        super().__init__(
            ngettext(
                "Too many attempts. Please try again in %(num)s minute.",
                "Too many attempts. Please try again in %(num)s minutes.",
                minutes,
            )
        )
        self.wait_s = wait_s

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.wait_s)}


def subject_hash(keys: Sequence[str], text: str) -> str:
    """The keyed hash under which an account or address is counted; it cannot be computed without the key."""
    return signer(keys, ATTEMPTS).get_signature(text.encode()).decode()


def network_of(address: str | None) -> str:
    """The address that is counted: of IPv6, the network of 64 bits. "" where it is not known."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        return f"{IPv6Address(int(found) >> _NETWORK_BITS << _NETWORK_BITS)}/{_NETWORK_BITS}"
    return str(found)


def count_attempt(session: Session, now: datetime, limit: Limit, subject: str) -> None:
    """Count one more attempt. Raises TooManyAttempts above the limit; the transaction ends with it."""
    row = AttemptCount.__table__.c
    is_over = row.window_ends_at <= now
    fresh = {"window_ends_at": now + limit.window, "attempts": 1}
    counted = (
        insert_into(AttemptCount, session)
        .values(kind=limit.kind, subject=subject, **fresh)
        .on_conflict_do_update(
            index_elements=["kind", "subject"],
            set_={
                "window_ends_at": case((is_over, fresh["window_ends_at"]), else_=row.window_ends_at),
                "attempts": case((is_over, 1), else_=row.attempts + 1),
            },
        )
        .returning(row.attempts, row.window_ends_at)
    )
    attempts, ends_at = session.execute(counted).one()
    if attempts > limit.attempts:
        raise TooManyAttempts(_seconds(ends_at - now))


def require_below(session: Session, now: datetime, limit: Limit, subject: str) -> None:
    """Raises TooManyAttempts when the limit is reached already. Counts nothing."""
    ends_at = session.scalar(
        select(AttemptCount.window_ends_at)
        .where(AttemptCount.kind == limit.kind, AttemptCount.subject == subject)
        .where(AttemptCount.window_ends_at > now, AttemptCount.attempts >= limit.attempts)
    )
    if ends_at is not None:
        raise TooManyAttempts(_seconds(ends_at - now))


def clear_attempts(session: Session, limit: Limit, subject: str) -> None:
    """Begin the count of this subject again, after a success."""
    session.execute(
        delete(AttemptCount).where(AttemptCount.kind == limit.kind, AttemptCount.subject == subject)
    )


def forget_attempts(session: Session, now: datetime) -> int:
    """Delete the counts whose window has ended."""
    return affected_rows(session, delete(AttemptCount).where(AttemptCount.window_ends_at <= now))


def _seconds(left: timedelta) -> int:
    return max(1, -(-left // timedelta(seconds=1)))
