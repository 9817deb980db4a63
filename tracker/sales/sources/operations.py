"""Connecting shops: sources and their secrets."""

import base64
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import Connection, CursorResult, bindparam, select, update
from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.errors import Conflict, Gone, Invalid, NotFound
from tracker.ids import new_id, uuid_of
from tracker.people.accounts.operations import get_brand
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.integrations.standard import SECRET_PREFIX
from tracker.sales.sources.models import Source
from tracker.sales.sources.namespaces import choose_namespace, supported_namespace
from tracker.signing import SOURCE_SECRET, decrypt, encrypt

SOURCE = "src"
API = "api"
SECRET_BYTES = 32


class SecretsChanged(Exception):
    """A message was checked with secrets that are not the source's any more; check it again."""


def create_source(
    session: Session,
    now: datetime,
    *,
    brand_id: str,
    kind: str,
    namespace: str | None = None,
    supports: str | None = None,
    secret: str | None = None,
    keys: Sequence[str],
) -> tuple[Source, str]:
    """Connect a shop. Returns the source and its secret, which can be read again by nobody but us.

    `secret` is the shop's, when it has made one already; else one is made. A shop that insists on making its
    own shows it only once it knows our address: until `rotate_secret` brings it, nothing of it can be taken.
    Order ids are unique within a namespace: the source itself, unless sources of the brand share one (see
    namespaces). `supports` is the id of the source whose reports count for amounts and refunds, where this
    one tells of the same orders. Raises NotFound for the brand, Invalid for the kind, the namespace, the
    source to support or the secret, and Conflict when the brand has to choose a namespace or whose reports
    count, or has an API source already.
    """
    known_kind = kind_of(kind)
    if secret is not None:
        known_kind.check_secret(secret)
    brand = get_brand(session, brand_id)
    source_id, secret = new_id(SOURCE, now), secret or _new_secret()
    if supports is not None:
        supported = get_source(session, supports)
        namespace = supported_namespace(supported, brand.id, kind, namespace)
        # Ids sort by their time, and rows are restored in the order of their ids.
        source_id = new_id(SOURCE, max(now, supported.created_at + timedelta(milliseconds=1)))
    else:
        namespace = choose_namespace(session, brand.id, kind, source_id, namespace)
    is_new = insert_once(
        session,
        Source,
        id=source_id,
        brand_id=brand.id,
        kind=kind,
        namespace=namespace,
        secret_box=encrypt(keys, SOURCE_SECRET, secret),
        former_secret_box=None,
        created_at=now,
        deleted_at=None,
        supports_id=supports,
    )
    if not is_new:
        raise Conflict(f"Brand {brand.id} has its API source already: linkledger source list --brand ID")
    return get_source(session, source_id), secret


def ensure_api_source(session: Session, now: datetime, brand_id: str, keys: Sequence[str]) -> Source:
    """Under which the brand's own programs report; made when the brand never had one.

    Raises Gone when it was deleted, and Conflict when the brand has to choose a namespace first.
    """
    mine = select(Source).where(Source.brand_id == brand_id, Source.kind == API)
    found = session.scalars(mine.order_by(Source.deleted_at.is_not(None), Source.id)).first()
    if found is None:
        try:
            return create_source(session, now, brand_id=brand_id, kind=API, keys=keys)[0]
        except Conflict:
            found = session.scalars(mine).first()  # somebody made it just now
            if found is None:
                raise
    if found.deleted_at is not None:
        raise Gone(
            "The API source of this brand was deleted, and reports are no longer taken. Open it again with: "
            f"linkledger source create --brand {brand_id} --kind {API}"
        )
    return found


def rotate_secret(session: Session, source_id: str, keys: Sequence[str], secret: str | None = None) -> str:
    """A new secret; the one before it stays valid until the next rotation, older ones do not.

    `secret` is the shop's own, where the shop makes it. Raises NotFound, Conflict for a deleted source, and
    Invalid for a secret that cannot be, or is missing where only the shop can make one.
    """
    kind = kind_of(get_source(session, source_id).kind)
    if secret is not None or not kind.has_hook:
        kind.check_secret(secret or "")
    elif not kind.makes_secret:
        raise Invalid("This shop makes its secrets itself: give the new one with --secret-from-stdin.")
    secret = secret or _new_secret()
    _update_live(
        session,
        source_id,
        former_secret_box=Source.secret_box,
        secret_box=encrypt(keys, SOURCE_SECRET, secret),
    )
    return secret


def delete_source(session: Session, now: datetime, source_id: str) -> None:
    """Refuse its messages from now on. What it sent stays. Raises NotFound, Conflict when deleted already."""
    _update_live(session, source_id, deleted_at=now)


def supporting_sources(session: Session, source_id: str) -> Sequence[Source]:
    """Live sources that support this one."""
    mine = select(Source).where(Source.supports_id == source_id, Source.deleted_at.is_(None))
    return session.scalars(mine.order_by(Source.id)).all()


def get_source(session: Session, source_id: str) -> Source:
    """Deleted ones too. Raises Invalid for what is no source's id, NotFound for one that does not exist."""
    uuid_of(source_id, SOURCE)
    source = session.get(Source, source_id)
    if source is None:
        raise NotFound(f"There is no source {source_id}. See them with: linkledger source list --brand ID")
    return source


def get_live_source(connection: Connection, source_id: str) -> Source:
    """One that takes messages; a copy that belongs to no session, because every message asks for it.

    Raises NotFound for whatever is no source's id, and Gone for a deleted one.
    """
    row = None
    with suppress(Invalid):
        uuid_of(source_id, SOURCE)
        row = connection.execute(_SOURCE_BY_ID, {"source_id": source_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such hook.")
    if not kind_of(row.kind).has_hook:
        raise NotFound("There is no such hook: this source reports by another door.")
    if row.deleted_at is not None:
        raise Gone("This source was deleted; its messages are no longer taken.")
    return Source(**row._mapping)


def require_unchanged_secrets(connection: Connection, checked: Source) -> None:
    """Raises SecretsChanged, and NotFound or Gone, for a source that is not as it was when it was read."""
    current = get_live_source(connection, checked.id)
    if not has_same_secrets(current, checked):
        raise SecretsChanged


def has_same_secrets(current: Source, checked: Source) -> bool:
    boxes = (checked.secret_box, checked.former_secret_box)
    return (current.secret_box, current.former_secret_box) == boxes


_SOURCE_BY_ID = select(*Source.__table__.columns).where(Source.id == bindparam("source_id"))


def list_sources(session: Session, brand_id: str) -> Sequence[Source]:
    """Deleted ones too, oldest first. Raises NotFound for the brand."""
    brand = get_brand(session, brand_id)
    return session.scalars(select(Source).where(Source.brand_id == brand.id).order_by(Source.id)).all()


def source_secrets(source: Source, keys: Sequence[str]) -> list[str]:
    """The live secrets, newest first. Raises CannotDecrypt."""
    boxes = (source.secret_box, source.former_secret_box)
    return [decrypt(keys, SOURCE_SECRET, box) for box in boxes if box is not None]


def _update_live(session: Session, source_id: str, **values: object) -> None:
    result = session.execute(
        update(Source)
        .where(Source.id == source_id, Source.deleted_at.is_(None))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    if result.rowcount != 1:
        get_source(session, source_id)
        raise Conflict(f"Source {source_id} was deleted already; nothing was written.")


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
