"""Asking for a mail with a link and a code. Every function works in the caller's transaction.

An unknown address gets the same response after the same work: the same statements, the same message composed.
Only the savepoint that holds the message is rolled back instead of released.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from config.affected import affected_rows
from tracker.ids import new_id
from tracker.language.texts import current_language
from tracker.mail.kinds import MailKind
from tracker.mail.letters import Recipient
from tracker.mail.outbox import queue
from tracker.people.accounts.addresses import Addressee, find_addressee
from tracker.people.accounts.rules import normalize_email
from tracker.people.sessions.rules import new_token, token_hash
from tracker.people.sign_in import throttle
from tracker.people.sign_in.letters import SignInMail, compose_sign_in, compose_step_up
from tracker.people.sign_in.models import SignInRequest
from tracker.people.sign_in.rules import REQUEST, VALID, code_hash, new_code


class Purpose(StrEnum):
    SIGN_IN = "sign_in"
    STEP_UP = "step_up"


@dataclass(frozen=True)
class Asking:
    """The browser that asks: its mark (a token, in a cookie), its network, and where it wants to go."""

    browser_token: str
    network: str
    next_path: str | None
    web_url: str
    keys: Sequence[str]
    """The secret keys of the installation, newest first."""


def request_sign_in(session: Session, now: datetime, email: str, asking: Asking) -> str:
    """Queue a mail to this address, if somebody has it. Returns the id of the request.

    Raises Invalid for a text that is no address, and TooManyAttempts.
    """
    address = normalize_email(email)
    _count(session, now, throttle.MAILS_TO_ACCOUNT, address, asking)
    return _request(session, now, Purpose.SIGN_IN, address, find_addressee(session, address), asking)


def request_step_up(session: Session, now: datetime, user_id: str, email: str, asking: Asking) -> str:
    """Queue a mail with a code for a person who is signed in. Returns the id of the request."""
    _count(session, now, throttle.STEP_UP_MAILS, email, asking)
    addressee = find_addressee(session, email)
    assert addressee.user_id == user_id
    return _request(session, now, Purpose.STEP_UP, email, addressee, asking)


def use_up_all_requests(session: Session, now: datetime) -> int:
    """End all links and codes that were not used, as a restore from a backup does. Returns how many."""
    return affected_rows(
        session, update(SignInRequest).where(SignInRequest.used_at.is_(None)).values(used_at=now)
    )


def forget_requests(session: Session, before: datetime) -> int:
    """Delete the requests that expired before that time."""
    return affected_rows(session, delete(SignInRequest).where(SignInRequest.expires_at < before))


def _count(session: Session, now: datetime, of_account: throttle.Limit, address: str, asking: Asking) -> None:
    for limit, subject in (
        (of_account, address),
        (throttle.MAILS_FROM_ADDRESS, asking.network),
    ):
        throttle.count_attempt(session, now, limit, throttle.subject_hash(asking.keys, subject))


def _request(
    session: Session, now: datetime, purpose: Purpose, address: str, found: Addressee, asking: Asking
) -> str:
    request_id, code, link = new_id(REQUEST, now), new_code(), new_token()
    row = SignInRequest(
        id=request_id,
        purpose=purpose.value,
        email=address,
        user_id=found.user_id,
        creator_id=found.creator_id,
        browser_hash=token_hash(asking.browser_token),
        link_hash=token_hash(link),
        code_hash=code_hash(asking.keys, request_id, code),
        next_path=asking.next_path,
        requested_at=now,
        expires_at=now + VALID,
        tries=0,
        used_at=None,
    )
    session.add(row)
    session.flush()
    language = found.language or current_language()
    url = f"{asking.web_url}/app/sign-in/link/{link}"
    mail = SignInMail(language, found.timezone or "UTC", code, url, row.expires_at)
    letter = compose_sign_in(mail) if purpose is Purpose.SIGN_IN else compose_step_up(mail)
    to = Recipient(address, found.name, language, user_id=found.user_id, creator_id=found.creator_id)
    with session.begin_nested() as message:
        queue(
            session,
            now,
            letter,
            to,
            kind=MailKind.SIGN_IN,
            key=f"sign_in:{request_id}",
            keys=asking.keys,
            expires_at=row.expires_at,
        )
        if not found.is_known:
            message.rollback()
    return request_id
