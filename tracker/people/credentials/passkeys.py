"""Passkeys: register, list, use and remove them. Every function works in the caller's transaction.

An answer that is refused is a result, not an error, because its challenge is used up in the same transaction.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from importlib import import_module
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from config.affected import affected_rows
from config.insert import insert_once
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Conflict, Invalid, NotFound
from tracker.ids import new_id
from tracker.language.texts import gettext as _
from tracker.people.accounts.models import User
from tracker.people.accounts.rules import normalize_name
from tracker.people.credentials.letters import Change, Sending, tell_person
from tracker.people.credentials.models import Passkey, PasskeyChallenge
from tracker.people.credentials.rules import RelyingParty

PASSKEY = "pky"
CHECKS_MODULE = "tracker.people.credentials.webauthn_checks"
"""Loaded with the library at the first use, because most people have no passkey."""
CHALLENGE_BYTES = 32
VALID = timedelta(minutes=5)
MAX_PASSKEYS = 20


class Purpose(StrEnum):
    REGISTER = "register"
    SIGN_IN = "sign_in"
    STEP_UP = "step_up"


def passkeys_of(session: Session, user_id: str) -> Sequence[Passkey]:
    """The passkeys of a person, the oldest first."""
    return session.scalars(select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)).all()


def ask_for_new_key(session: Session, now: datetime, party: RelyingParty, user_id: str) -> dict[str, Any]:
    """The options for `navigator.credentials.create`, with a new challenge. Raises Conflict."""
    user, existing = session.get_one(User, user_id), passkeys_of(session, user_id)
    if len(existing) >= MAX_PASSKEYS:
        raise Conflict(_("You have %(num)s passkeys. Remove one first.", num=MAX_PASSKEYS))
    challenge = _new_challenge(session, now, Purpose.REGISTER, user_id)
    options: dict[str, Any] = import_module(CHECKS_MODULE).creation_options(
        party,
        challenge,
        user_id=user.id,
        email=user.email,
        name=user.name,
        existing=[each.credential_id for each in existing],
    )
    return options


def ask_for_proof(
    session: Session, now: datetime, party: RelyingParty, user_id: str | None
) -> dict[str, Any]:
    """The options for `navigator.credentials.get`, with a new challenge: of a person, or None to sign in."""
    purpose = Purpose.SIGN_IN if user_id is None else Purpose.STEP_UP
    allowed = [] if user_id is None else [each.credential_id for each in passkeys_of(session, user_id)]
    challenge = _new_challenge(session, now, purpose, user_id)
    options: dict[str, Any] = import_module(CHECKS_MODULE).request_options(party, challenge, allowed)
    return options


def add_passkey(
    session: Session,
    now: datetime,
    party: RelyingParty,
    *,
    actor: Actor,
    user_id: str,
    name: str,
    credential: str,
    sending: Sending,
) -> bool:
    """Store the passkey that the browser made. Returns False when it is refused. Raises Invalid for a name.

    credential: the answer of the browser, as JSON.
    """
    try:
        label = normalize_name(name)
    except Invalid as error:
        raise Invalid(str(error), field="name") from None
    checks = import_module(CHECKS_MODULE)
    challenge = checks.challenge_of_new_key(credential)
    if challenge is None or not _take(session, now, challenge, Purpose.REGISTER, user_id):
        return False
    made = checks.checked_new_key(party, credential, challenge)
    if made is None or not insert_once(
        session,
        Passkey,
        id=new_id(PASSKEY, now),
        user_id=user_id,
        credential_id=made.credential_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        name=label,
        created_at=now,
    ):
        return False
    _tell(session, now, actor, user_id, label, Action.USER_PASSKEY_ADD, Change.PASSKEY_ADDED, sending)
    return True


def remove_passkey(
    session: Session, now: datetime, *, actor: Actor, user_id: str, passkey_id: str, sending: Sending
) -> None:
    """Remove a passkey of this person. Raises NotFound."""
    removed = delete(Passkey).where(Passkey.id == passkey_id, Passkey.user_id == user_id)
    name = session.scalar(removed.returning(Passkey.name))
    if name is None:
        raise NotFound(_("This passkey is removed already, or it is not yours."))
    _tell(session, now, actor, user_id, name, Action.USER_PASSKEY_REMOVE, Change.PASSKEY_REMOVED, sending)


def prove_by_passkey(
    session: Session, now: datetime, party: RelyingParty, credential: str, user_id: str | None
) -> str | None:
    """The user whose passkey signed a challenge of ours; None when the answer is refused.

    user_id: the person who steps up; None for a sign-in. One challenge proves one thing, once.
    """
    checks = import_module(CHECKS_MODULE)
    answer = checks.answer_of(credential)
    purpose = Purpose.SIGN_IN if user_id is None else Purpose.STEP_UP
    if answer is None or not _take(session, now, answer.challenge, purpose, user_id):
        return None
    found = session.scalars(
        select(Passkey).where(Passkey.credential_id == answer.credential_id)
    ).one_or_none()
    if found is None or found.user_id != (user_id or found.user_id):
        return None
    if answer.user_handle != found.user_id.encode() and (user_id is None or answer.user_handle is not None):
        return None  # section 7.2, step 6: a discoverable passkey says whose it is
    count = checks.checked_count(
        party, credential, answer.challenge, public_key=found.public_key, sign_count=found.sign_count
    )
    if count is None or not _note_use(session, now, found, count):
        return None
    return found.user_id


def forget_challenges(session: Session, now: datetime) -> int:
    """Delete the challenges that have expired."""
    return affected_rows(session, delete(PasskeyChallenge).where(PasskeyChallenge.expires_at <= now))


def _new_challenge(session: Session, now: datetime, purpose: Purpose, user_id: str | None) -> bytes:
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    session.add(
        PasskeyChallenge(
            challenge_hash=_hash(challenge), purpose=purpose.value, user_id=user_id, expires_at=now + VALID
        )
    )
    session.flush()
    return challenge


def _take(session: Session, now: datetime, challenge: bytes, purpose: Purpose, user_id: str | None) -> bool:
    """Use up the challenge. Returns False when it was not made for this, was used, or has expired."""
    taken = (
        delete(PasskeyChallenge)
        .where(PasskeyChallenge.challenge_hash == _hash(challenge), PasskeyChallenge.expires_at > now)
        .where(PasskeyChallenge.purpose == purpose.value, PasskeyChallenge.user_id == user_id)
    )
    return affected_rows(session, taken) == 1


def _hash(challenge: bytes) -> str:
    return hashlib.sha256(challenge).hexdigest()


def _note_use(session: Session, now: datetime, found: Passkey, count: int) -> bool:
    """Store the new count, unless another use has been faster."""
    used = (
        update(Passkey)
        .where(Passkey.id == found.id, Passkey.sign_count == found.sign_count)
        .values(sign_count=count, last_used_at=now)
    )
    return affected_rows(session, used) == 1


def _tell(
    session: Session,
    now: datetime,
    actor: Actor,
    user_id: str,
    name: str,
    action: Action,
    change: Change,
    sending: Sending,
) -> None:
    personal = {"name": name}
    entry_id = record(session, now, actor, action, **about(Subject.USER, user_id), personal=personal)
    tell_person(session, now, session.get_one(User, user_id), change, entry_id, sending, name)
