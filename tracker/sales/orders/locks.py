"""Locks that serialise all work on one order, and on one known customer.

Without them, two concurrent transactions under READ COMMITTED could miss each other's rows: the refund finds
no sale, the sale finds no parked refund, and the refund stays parked forever.
"""

import hashlib
from collections.abc import Iterable, Sequence

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session


def lock_orders(
    session: Session,
    brand_id: str,
    namespace: str,
    *,
    names: Iterable[str] = (),
    order_ids: Iterable[str] = (),
) -> None:
    """Wait for the locks of these names and orders, and keep them until the end of the transaction.

    Call it before reading the rows of the orders. The same transaction may call it again. `names` are all
    names that a message gives its order, including the id: a transaction that books an order under a name and
    one that looks it up by that name cannot miss each other. To avoid deadlocks, all names are locked before
    any order, and both in sorted order. (Applying a message that was parked under names alone locks names
    while the order is already locked. If that deadlocks, the database ends one transaction, and it is
    retried.)
    """
    name_keys = {_lock_key(b"linkledger-named", brand_id, namespace, name) for name in names}
    order_keys = {_lock_key(b"linkledger-order", brand_id, namespace, order_id) for order_id in order_ids}
    _lock(session, [*sorted(name_keys), *sorted(order_keys)])


def lock_customers(session: Session, identifiers: Iterable[tuple[str, ...]]) -> None:
    """Lock customers by everything that identifies them. Call it after the orders are locked.

    The keys are locked in sorted order, so two transactions never wait for each other.
    """
    _lock(session, sorted({_lock_key(b"linkledger-buyer", *identifier) for identifier in identifiers}))


def _lock(session: Session, keys: Sequence[int]) -> None:
    if keys and session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time
        session.execute(_LOCK, {"keys": keys})


_KEY = func.unnest(bindparam("keys", type_=ARRAY(BigInteger))).column_valued("key")
_LOCK = select(func.pg_advisory_xact_lock(_KEY))


def _lock_key(purpose: bytes, *names: str) -> int:
    digest = hashlib.blake2b("\0".join(names).encode(), digest_size=8, person=purpose).digest()
    return int.from_bytes(digest, "big", signed=True)
