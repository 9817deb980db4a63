"""Serialises all work on one order, and on one known customer.

Under READ COMMITTED a refund that finds no sale, and the sale that finds no waiting refund, could otherwise
pass each other in two open transactions, and the refund would wait for ever.
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
    """Wait until no other transaction holds any of these, then hold them until the end of this one.

    Take it before the rows of the orders are read. The same transaction may take it again. `names` are all
    that a message calls its order, its id among them: who books an order under a name, and who looks for it
    by that name, see each other. All names are locked before any order, and each in one order, so that two
    transactions do not wait for each other. (Whoever wakes a message that waited under names alone locks
    those while he holds the order; should two meet there, one of them is tried again.)
    """
    name_keys = {_lock_key(b"linkledger-named", brand_id, namespace, name) for name in names}
    order_keys = {_lock_key(b"linkledger-order", brand_id, namespace, order_id) for order_id in order_ids}
    _lock(session, [*sorted(name_keys), *sorted(order_keys)])


def lock_customers(session: Session, marks: Iterable[tuple[str, ...]]) -> None:
    """The same for the sales of customers, by all that they are recognised by. Take it after the orders.

    All are locked in one order, so that two transactions never wait for each other.
    """
    _lock(session, sorted({_lock_key(b"linkledger-buyer", *mark) for mark in marks}))


def _lock(session: Session, keys: Sequence[int]) -> None:
    if keys and session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time
        session.execute(_LOCK, {"keys": keys})


_KEY = func.unnest(bindparam("keys", type_=ARRAY(BigInteger))).column_valued("key")
_LOCK = select(func.pg_advisory_xact_lock(_KEY))


def _lock_key(what: bytes, *names: str) -> int:
    digest = hashlib.blake2b("\0".join(names).encode(), digest_size=8, person=what).digest()
    return int.from_bytes(digest, "big", signed=True)
