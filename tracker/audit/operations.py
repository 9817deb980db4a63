"""Writes to the audit: each entry at the end of the chain of its brand, or of the installation's.

The lock of the chain is held until the transaction ends. So an operation records what it did last, after all
other rows are locked: then two transactions never wait for each other.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, select
from sqlalchemy.orm import Session

from config.insert import insert_all, insert_once
from tracker.audit.actions import Action, Subject
from tracker.audit.actors import Actor
from tracker.audit.chain import GENESIS, INSTALLATION, entry_hash, personal_hash, plain
from tracker.audit.models import AuditChain, AuditEntry, AuditPersonal
from tracker.ids import new_id

SALT_BYTES = 16


def record(
    session: Session,
    now: datetime,
    actor: Actor,
    action: Action,
    *,
    subject_kind: Subject,
    subject_id: str,
    brand_id: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
    personal_about: str | None = None,
) -> str:
    """Record what was done, in the transaction that does it. Returns the id of the entry.

    `before` and `after` are the fields that changed: JSON values, times and members of enums, no secrets.
    `personal` are fields such as names, e-mail addresses and notes, which may have to be erased; they are
    about the person or object `personal_about`, which is the subject unless it is given.
    """
    columns: dict[str, Any] = {
        "id": new_id("aud", now),
        "at": now,
        **actor.columns(),
        "browser_family": actor.browser_family,
        "country": actor.country,
        "brand_id": brand_id,
        "subject_kind": subject_kind.value,
        "subject_id": subject_id,
        "action": action.value,
        "before": None if before is None else plain(before),
        "after": None if after is None else plain(after),
        "personal_about": (personal_about or subject_id) if personal else None,
    }
    salt = secrets.token_hex(SALT_BYTES)
    content = plain(personal) if personal else None
    _append(session, columns | {"personal_hash": personal_hash(salt, content) if content else None})
    if content:
        insert_all(session, AuditPersonal, [{"entry_id": columns["id"], "salt": salt, "content": content}])
    return str(columns["id"])


def erase_personal(
    session: Session, now: datetime, actor: Actor, *, subject_kind: Subject, subject_id: str
) -> int:
    """Erase the personal parts of all entries about this person or object. Returns how many there were.

    The chains stay whole, because they hold only salted hashes. The erasure is an entry itself, in the chain
    of the installation; nothing is written when there is nothing to erase.
    """
    about = select(AuditEntry.id).where(AuditEntry.personal_about == subject_id)
    erased = session.scalars(
        delete(AuditPersonal).where(AuditPersonal.entry_id.in_(about)).returning(AuditPersonal.entry_id)
    ).all()
    if erased:
        found: dict[str, Any] = {"subject_kind": subject_kind, "subject_id": subject_id}
        record(session, now, actor, Action.PERSONAL_ERASE, **found, after={"entries": len(erased)})
    return len(erased)


def _append(session: Session, columns: Mapping[str, Any]) -> None:
    """Add the entry with these columns at the end of its chain."""
    chain = _lock_chain(session, columns["brand_id"] or INSTALLATION)
    numbered = {**columns, "chain_id": chain.id, "number": chain.number + 1}
    chain_hash = entry_hash(chain.head_hash, numbered)
    insert_all(session, AuditEntry, [{**numbered, "previous_hash": chain.head_hash, "hash": chain_hash}])
    chain.number, chain.head_hash = numbered["number"], chain_hash
    session.flush()


def _lock_chain(session: Session, chain_id: str) -> AuditChain:
    """Lock the chain until the current database transaction ends.

    Its row is missing only before the first entry; then one of several inserts succeeds, and the others wait
    for it.
    """
    found = session.scalar(_chain_query(), {"id": chain_id})
    if found is not None:
        return found
    insert_once(session, AuditChain, id=chain_id, number=0, head_hash=GENESIS)
    return session.scalars(_chain_query(), {"id": chain_id}).one()


@cache
def _chain_query() -> Select[AuditChain]:
    locked = select(AuditChain).where(AuditChain.id == bindparam("id")).with_for_update()
    return locked.execution_options(populate_existing=True)
