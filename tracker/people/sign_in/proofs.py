"""Using the link or the code of a sign-in mail. Every function works in the caller's transaction.

A wrong code is a result, not an error, because its attempt is counted in the same transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.affected import affected_rows
from tracker.people.accounts.addresses import link_creator, user_with_address
from tracker.people.accounts.models import Creator
from tracker.people.sessions.rules import is_token, token_hash
from tracker.people.sign_in import throttle
from tracker.people.sign_in.models import SignInRequest
from tracker.people.sign_in.requests import Purpose
from tracker.people.sign_in.rules import MAX_TRIES, code_matches, normalize_code


class Outcome(StrEnum):
    PROVEN = "proven"
    WRONG = "wrong"
    OVER = "over"
    """Used, expired, five wrong codes, or never asked for: nobody learns which."""


@dataclass(frozen=True)
class Proof:
    """`request` is the request that was proven. `tries_left` counts after a wrong code."""

    outcome: Outcome
    request: SignInRequest | None = None
    tries_left: int = 0


@dataclass(frozen=True)
class Typing:
    """A code as it was typed, from which network, with the secret keys of the installation."""

    code: str
    network: str
    keys: Sequence[str]


OVER = Proof(Outcome.OVER)


def is_live(request: SignInRequest | None, now: datetime) -> bool:
    """Whether the link and the code of this request can still be used."""
    return (
        request is not None
        and request.used_at is None
        and now < request.expires_at
        and request.tries < MAX_TRIES
    )


def was_used_here(request: SignInRequest | None, browser_token: str | None) -> bool:
    """Whether this browser asked for the mail, whose link or code has been used, such as by a first click."""
    return request is not None and request.used_at is not None and asked_here(request, browser_token)


def find_by_link(session: Session, link_token: str) -> SignInRequest | None:
    if not is_token(link_token):
        return None
    return session.scalars(
        select(SignInRequest)
        .where(SignInRequest.link_hash == token_hash(link_token))
        .where(SignInRequest.purpose == Purpose.SIGN_IN.value)
    ).one_or_none()


def find_of_browser(
    session: Session, request_id: str, browser_token: str | None, purpose: Purpose
) -> SignInRequest | None:
    """The request with this id, if this browser asked for it."""
    request = session.get(SignInRequest, request_id)
    if request is None or request.purpose != purpose.value or not asked_here(request, browser_token):
        return None
    return request


def asked_here(request: SignInRequest, browser_token: str | None) -> bool:
    """Whether the browser with this mark asked for the mail."""
    return browser_token is not None and request.browser_hash == token_hash(browser_token)


def prove_by_link(session: Session, now: datetime, request: SignInRequest | None) -> Proof:
    """Use up the request, for the browser that asked for it; the caller has checked that."""
    return _use(session, now, request, tries_below=MAX_TRIES)


def prove_by_code(session: Session, now: datetime, request: SignInRequest | None, typing: Typing) -> Proof:
    """Compare the code; a right one uses up the request. Raises TooManyAttempts, which counts nothing.

    The right code of an unknown address, which nobody can know, is wrong as well.
    """
    network = throttle.subject_hash(typing.keys, typing.network)
    throttle.require_below(session, now, throttle.CODES_FROM_ADDRESS, network)
    if request is None:
        return OVER
    if not _take_try(session, now, request):
        return OVER
    account = throttle.subject_hash(typing.keys, request.email)
    limit = _wrong_codes(request)
    # After the try: its row is locked now, so that of many codes at once each sees the count of those before.
    throttle.require_below(session, now, limit, account)
    code = normalize_code(typing.code)
    if code_matches(typing.keys, request.id, code, request.code_hash) and _is_known(request):
        return _use(session, now, request, tries_below=MAX_TRIES + 1)
    throttle.count_attempt(session, now, limit, account)
    throttle.count_attempt(session, now, throttle.CODES_FROM_ADDRESS, network)
    left = MAX_TRIES - request.tries - 1
    return Proof(Outcome.WRONG, request, left) if left > 0 else OVER


def user_of_proof(session: Session, now: datetime, request: SignInRequest) -> str:
    """The user who proved the address. A creator who has none gets one, and is linked to it."""
    user_id = request.user_id
    if request.creator_id is None:
        assert user_id is not None
        return user_id
    if user_id is None:
        creator = session.get_one(Creator, request.creator_id)
        user_id = user_with_address(session, now, email=request.email, name=creator.name)
    link_creator(session, request.creator_id, user_id)
    return user_id


def _wrong_codes(request: SignInRequest) -> throttle.Limit:
    is_step_up = request.purpose == Purpose.STEP_UP.value
    return throttle.WRONG_STEP_UP_CODES if is_step_up else throttle.WRONG_CODES_OF_ACCOUNT


def _is_known(request: SignInRequest) -> bool:
    return request.user_id is not None or request.creator_id is not None


def _take_try(session: Session, now: datetime, request: SignInRequest) -> bool:
    taken = (
        update(SignInRequest)
        .where(SignInRequest.id == request.id, SignInRequest.used_at.is_(None))
        .where(SignInRequest.expires_at > now, SignInRequest.tries < MAX_TRIES)
        .values(tries=SignInRequest.tries + 1)
    )
    return affected_rows(session, taken) == 1


def _use(session: Session, now: datetime, request: SignInRequest | None, *, tries_below: int) -> Proof:
    if request is None or not _is_known(request):
        return OVER
    used = (
        update(SignInRequest)
        .where(SignInRequest.id == request.id, SignInRequest.used_at.is_(None))
        .where(SignInRequest.expires_at > now, SignInRequest.tries < tries_below)
        .values(used_at=now)
    )
    return Proof(Outcome.PROVEN, request) if affected_rows(session, used) == 1 else OVER
