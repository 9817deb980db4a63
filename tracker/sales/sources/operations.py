"""Creates, changes and finds sources and their secrets."""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import Connection, CursorResult, bindparam, select, update
from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Conflict, Gone, Invalid, NotFound
from tracker.ids import new_id, uuid_of
from tracker.lookup import get_by_id
from tracker.people.accounts.operations import get_brand
from tracker.sales.integrations import api
from tracker.sales.integrations.kind import Kind
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.sources.models import Source
from tracker.sales.sources.namespaces import choose_namespace, supported_namespace
from tracker.signing import SOURCE_SECRET, decrypt, encrypt

SOURCE = "src"
API = api.KIND.name
SECRET_BYTES = 32


class SecretsChanged(Exception):
    """A message was verified with outdated secrets of its source; verify it again."""


def create_source(
    session: Session,
    now: datetime,
    *,
    actor: Actor,
    brand_id: str,
    kind: str,
    namespace: str | None = None,
    supports: str | None = None,
    secret: str | None = None,
    keys: Sequence[str],
) -> tuple[Source, str]:
    """Create a source. Returns it and its secret, which is stored encrypted and not shown again.

    `secret` is the shop's own secret; without it, one is generated. Some shops generate the secret
    themselves, and only after they know our URL: until `rotate_secret` stores it, their messages are refused.
    `namespace`: see `choose_namespace`. `supports` is the id of the primary source of the same orders. `keys`
    are the installation's secret keys.

    Raises NotFound for the brand or the source to support; Invalid for the kind, namespace, secret or the
    source to support; Conflict when the brand must choose a namespace or a primary source, or has an API
    source already.
    """
    known_kind = kind_of(kind)
    if secret is not None:
        known_kind.check_secret(secret)
    brand = get_brand(session, brand_id)
    secret = secret or _new_secret(known_kind)
    source_id, namespace = _identity(session, now, brand.id, kind, namespace, supports)
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
        raise Conflict(
            f"Brand {brand.id} already has an API source: linkledger source list --brand {brand.id}"
        )
    after = {"kind": kind, "namespace": namespace, "supports": supports}
    record(
        session, now, actor, Action.SOURCE_CREATE, **about(Subject.SOURCE, source_id, brand.id), after=after
    )
    return get_source(session, source_id), secret


def _identity(
    session: Session, now: datetime, brand_id: str, kind: str, namespace: str | None, supports: str | None
) -> tuple[str, str]:
    """The id and the namespace of a new source."""
    if supports is None:
        source_id = new_id(SOURCE, now)
        return source_id, choose_namespace(session, brand_id, kind, source_id, namespace)
    supported = get_source(session, supports)
    # Backups restore rows in the order of their ids, which sort by time: the supported source comes first.
    source_id = new_id(SOURCE, max(now, supported.created_at + timedelta(milliseconds=1)))
    return source_id, supported_namespace(supported, brand_id, kind, namespace)


def ensure_api_source(
    session: Session, now: datetime, brand_id: str, keys: Sequence[str], *, actor: Actor
) -> Source:
    """The source of the brand's API reports; it is created when the brand never had one.

    Raises Gone when it was deleted, and Conflict when the brand must choose a namespace first.
    """
    mine = select(Source).where(Source.brand_id == brand_id, Source.kind == API)
    found = session.scalars(mine.order_by(Source.deleted_at.is_not(None), Source.id)).first()
    if found is None:
        try:
            return create_source(session, now, actor=actor, brand_id=brand_id, kind=API, keys=keys)[0]
        except Conflict:
            found = session.scalars(mine).first()  # another transaction created it just now
            if found is None:
                raise
    if found.deleted_at is not None:
        raise Gone(
            "The API source of this brand was deleted, so reports are no longer accepted. Create it again: "
            f"linkledger source create --brand {brand_id} --kind {API}"
        )
    return found


def rotate_secret(
    session: Session,
    now: datetime,
    source_id: str,
    keys: Sequence[str],
    secret: str | None = None,
    *,
    actor: Actor,
) -> str:
    """Store and return a new secret. The former one stays valid until the next rotation; older ones do not.

    `secret` is the shop's own secret; without it, one is generated. Raises NotFound, Conflict for a deleted
    source, and Invalid for an invalid secret, or for a missing one where only the shop can generate it.
    """
    source = get_source(session, source_id)
    kind = kind_of(source.kind)
    if secret is not None or not kind.has_hook:
        kind.check_secret(secret or "")
    elif not kind.makes_secret:
        raise Invalid("This shop generates its secrets itself: give the new one with --secret-from-stdin.")
    secret = secret or _new_secret(kind)
    _update_live(
        session,
        source_id,
        former_secret_box=Source.secret_box,
        secret_box=encrypt(keys, SOURCE_SECRET, secret),
    )
    record(session, now, actor, Action.SOURCE_ROTATE, **about(Subject.SOURCE, source_id, source.brand_id))
    return secret


def delete_source(session: Session, now: datetime, source_id: str, *, actor: Actor) -> None:
    """Refuse further messages; past ones stay. Raises NotFound, and Conflict when it is already deleted."""
    _update_live(session, source_id, deleted_at=now)
    brand_id = get_source(session, source_id).brand_id
    record(session, now, actor, Action.SOURCE_DELETE, **about(Subject.SOURCE, source_id, brand_id))


def supporting_sources(session: Session, source_id: str) -> Sequence[Source]:
    """Live sources that support this one."""
    mine = select(Source).where(Source.supports_id == source_id, Source.deleted_at.is_(None))
    return session.scalars(mine.order_by(Source.id)).all()


def get_source(session: Session, source_id: str) -> Source:
    """A source, even a deleted one. Raises Invalid for a malformed id, NotFound for an unknown one."""
    return get_by_id(
        session, Source, source_id, SOURCE, "source", "List all with: linkledger source list --brand ID"
    )


def get_live_source(connection: Connection, source_id: str) -> Source:
    """A source that accepts signed messages. The result belongs to no session, so that it can be cached.

    Raises NotFound for an unknown or malformed id or a source without a webhook, and Gone for a deleted
    source.
    """
    row = None
    with suppress(Invalid):
        uuid_of(source_id, SOURCE)
        row = connection.execute(_SOURCE_BY_ID, {"source_id": source_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such webhook.")
    if not kind_of(row.kind).has_hook:
        raise NotFound("There is no such webhook: sources of this kind do not send signed messages.")
    if row.deleted_at is not None:
        raise Gone("This source was deleted; its messages are no longer accepted.")
    return Source(**row._mapping)


def require_unchanged_secrets(connection: Connection, checked: Source) -> None:
    """Raises SecretsChanged when `checked` has outdated secrets; NotFound or Gone like `get_live_source`."""
    current = get_live_source(connection, checked.id)
    if not has_same_secrets(current, checked):
        raise SecretsChanged


def has_same_secrets(current: Source, checked: Source) -> bool:
    """Whether no secret was rotated between the two reads of a source."""
    boxes = (checked.secret_box, checked.former_secret_box)
    return (current.secret_box, current.former_secret_box) == boxes


_SOURCE_BY_ID = select(*Source.__table__.columns).where(Source.id == bindparam("source_id"))


def list_sources(session: Session, brand_id: str) -> Sequence[Source]:
    """All sources of a brand, including deleted ones, oldest first. Raises NotFound for the brand."""
    brand = get_brand(session, brand_id)
    return session.scalars(select(Source).where(Source.brand_id == brand.id).order_by(Source.id)).all()


def source_secrets(source: Source, keys: Sequence[str]) -> list[str]:
    """The live secrets, decrypted, newest first. Raises CannotDecrypt."""
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
        raise Conflict(f"Source {source_id} is already deleted; nothing was changed.")


def _new_secret(kind: Kind) -> str:
    return kind.secret_from(secrets.token_bytes(SECRET_BYTES))
