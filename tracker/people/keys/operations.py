"""The keys of a brand's programs: made, shown once, recognised, revoked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.orm import Session

from tracker.errors import Conflict, Invalid, LinkledgerError, NotFound
from tracker.ids import new_id, uuid_of
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
        """RFC 6750, section 3: what to do, and what was wrong with the key that was shown."""
        error = "" if self.cause == "missing" else ', error="invalid_token"'
        return {"WWW-Authenticate": f'Bearer realm="linkledger"{error}'}


@dataclass(frozen=True)
class Caller:
    """A program that was let in: by which key, for which brand, and what the key is for."""

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
    brand_id: str,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """The key, and its text, which nobody can be shown again.

    Raises NotFound for the brand, Invalid for the name, the scopes, or an end that is not ahead.
    """
    if expires_at is not None and expires_at <= now:
        raise Invalid(f"The key would end at {format_utc(expires_at)}, which is over.")
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
    return key, format_key(key.id, secret)


def list_keys(session: Session, brand_id: str) -> Sequence[ApiKey]:
    """Revoked ones too, oldest first. Raises NotFound for the brand."""
    brand = get_brand(session, brand_id)
    return session.scalars(select(ApiKey).where(ApiKey.brand_id == brand.id).order_by(ApiKey.id)).all()


def get_key(session: Session, key_id: str) -> ApiKey:
    """Raises Invalid for what is no key's id, NotFound for one that does not exist."""
    uuid_of(key_id, KEY)
    key = session.get(ApiKey, key_id)
    if key is None:
        raise NotFound(f"There is no key {key_id}. See them with: linkledger key list --brand ID")
    return key


def revoke_key(session: Session, now: datetime, key_id: str) -> None:
    """From now on it opens nothing. Raises NotFound, Conflict when it is revoked already."""
    done = session.execute(
        update(ApiKey)
        .where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=now)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    if done.rowcount != 1:
        get_key(session, key_id)
        raise Conflict(f"{key_id} was revoked already.")


def authenticate(session: Session, now: datetime, presented: PresentedKey) -> Caller:
    """Who shows that key. Raises NotLetIn.

    Only a caller with the right secret learns that the key is expired or revoked.
    """
    key = session.get(ApiKey, presented.key_id)
    if key is None or not secret_matches(presented.secret, key.secret_hash):
        raise Unauthenticated("unknown", "There is no such key, or its secret is another one.")
    if key.revoked_at is not None:
        raise Unauthenticated("revoked", f"{key.id} was revoked on {format_utc(key.revoked_at)}.")
    if key.expires_at is not None and key.expires_at <= now:
        raise Unauthenticated("expired", f"{key.id} ended on {format_utc(key.expires_at)}; make a new one.")
    return Caller(key.id, key.brand_id, frozenset(key.scopes), key.last_used_at)


def record_use(session: Session, now: datetime, key_id: str) -> bool:
    """Record the use, at most once an hour. Whether this call wrote it."""
    before = now - USE_RECORD_INTERVAL
    done = session.execute(
        update(ApiKey)
        .where(ApiKey.id == key_id, or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= before))
        .values(last_used_at=now)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    return done.rowcount == 1
