"""API keys of a brand: creation, listing, revocation and authentication."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.orm import Session

from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Conflict, Invalid, LinkledgerError
from tracker.ids import new_id
from tracker.lookup import get_by_id
from tracker.people.accounts.operations import get_brand
from tracker.people.accounts.rules import normalize_name
from tracker.people.keys.models import ApiKey
from tracker.people.keys.rules import (
    KEY,
    PresentedKey,
    checked_scopes,
    format_key,
    hash_secret,
    new_secret,
    secret_matches,
)
from tracker.times import format_utc

USE_RECORD_INTERVAL = timedelta(hours=1)


class Unauthenticated(LinkledgerError):
    """Authentication failed. `cause` is the label of a metric."""

    status = 401
    exit_code = 2

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause

    def headers(self) -> dict[str, str]:
        """The challenge of RFC 6750, section 3; with an error code only if a key was presented."""
        error = "" if self.cause == "missing" else ', error="invalid_token"'
        return {"WWW-Authenticate": f'Bearer realm="linkledger"{error}'}


@dataclass(frozen=True)
class Caller:
    """An authenticated program: its key, its brand and its scopes."""

    key_id: str
    brand_id: str
    scopes: frozenset[str]
    last_used_at: datetime | None

    def should_record_use(self, now: datetime) -> bool:
        return self.last_used_at is None or self.last_used_at <= now - USE_RECORD_INTERVAL


def create_key(
    session: Session,
    now: datetime,
    *,
    actor: Actor,
    brand_id: str,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Create a key. Returns it with its full text, which is not stored and cannot be shown again.

    Raises NotFound for the brand, and Invalid for the name, the scopes, or an expiry in the past.
    """
    if expires_at is not None and expires_at <= now:
        raise Invalid(f"The key would expire at {format_utc(expires_at)}, which is in the past.")
    secret = new_secret()
    key = ApiKey(
        id=new_id(KEY, now),
        brand_id=get_brand(session, brand_id).id,
        name=normalize_name(name),
        secret_hash=hash_secret(secret),
        scopes=checked_scopes(scopes),
        created_at=now,
        expires_at=expires_at,
        revoked_at=None,
        last_used_at=None,
    )
    session.add(key)
    session.flush()
    after = {"name": key.name, "scopes": list(key.scopes), "expires_at": expires_at}
    record(session, now, actor, Action.KEY_CREATE, **about(Subject.KEY, key.id, key.brand_id), after=after)
    return key, format_key(key.id, secret)


def list_keys(session: Session, brand_id: str) -> Sequence[ApiKey]:
    """All keys of a brand, including revoked ones, oldest first. Raises NotFound for the brand."""
    brand = get_brand(session, brand_id)
    return session.scalars(select(ApiKey).where(ApiKey.brand_id == brand.id).order_by(ApiKey.id)).all()


def get_key(session: Session, key_id: str) -> ApiKey:
    """Raises Invalid for a malformed id, and NotFound."""
    return get_by_id(session, ApiKey, key_id, KEY, "key", "See them with: linkledger key list --brand ID")


def revoke_key(session: Session, now: datetime, key_id: str, *, actor: Actor) -> None:
    """Revoke a key, effective immediately. Raises NotFound, and Conflict when it is already revoked."""
    done = session.execute(
        update(ApiKey)
        .where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=now)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    if done.rowcount != 1:
        get_key(session, key_id)
        raise Conflict(f"{key_id} is already revoked.")
    brand_id = get_key(session, key_id).brand_id
    record(session, now, actor, Action.KEY_REVOKE, **about(Subject.KEY, key_id, brand_id))


def authenticate(session: Session, now: datetime, presented: PresentedKey) -> Caller:
    """The caller that presents this key. Raises Unauthenticated.

    Only a caller with the right secret learns that the key is revoked or expired.
    """
    key = session.get(ApiKey, presented.key_id)
    if key is None or not secret_matches(presented.secret, key.secret_hash):
        raise Unauthenticated("unknown", "There is no such key, or its secret is different.")
    if key.revoked_at is not None:
        raise Unauthenticated("revoked", f"{key.id} was revoked on {format_utc(key.revoked_at)}.")
    if key.expires_at is not None and key.expires_at <= now:
        raise Unauthenticated(
            "expired", f"{key.id} expired on {format_utc(key.expires_at)}; create a new one."
        )
    return Caller(key.id, key.brand_id, frozenset(key.scopes), key.last_used_at)


def record_use(session: Session, now: datetime, key_id: str) -> bool:
    """Record the use of a key, at most once an hour. Returns whether this call wrote it."""
    latest = now - USE_RECORD_INTERVAL
    done = session.execute(
        update(ApiKey)
        .where(ApiKey.id == key_id, or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= latest))
        .values(last_used_at=now)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    return done.rowcount == 1
