"""Whatever concerns one order happens one after the other.

Under READ COMMITTED a refund that finds no sale, and the sale that finds no waiting refund, could otherwise
pass each other in two open transactions, and the refund would wait for ever.
"""

import hashlib
from collections.abc import Sequence

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session


def lock_order(session: Session, brand_id: str, namespace: str, order_id: str) -> None:
    """Wait until no other transaction holds this order, then hold it until the end of this one.

    Take it before the rows of the order are read. The same transaction may take it again.
    """
    lock_orders(session, brand_id, namespace, [order_id])


def lock_orders(session: Session, brand_id: str, namespace: str, order_ids: Sequence[str]) -> None:
    """The same for several, one after the other in the order in which they are given."""
    if session.get_bind().dialect.name != "postgresql":
        return  # SQLite has one writer at a time
    keys = [_key(brand_id, namespace, order_id) for order_id in order_ids]
    session.execute(_LOCK, {"keys": keys})


_KEY = func.unnest(bindparam("keys", type_=ARRAY(BigInteger))).column_valued("key")
_LOCK = select(func.pg_advisory_xact_lock(_KEY))


def _key(brand_id: str, namespace: str, order_id: str) -> int:
    name = "\0".join((brand_id, namespace, order_id)).encode()
    digest = hashlib.blake2b(name, digest_size=8, person=b"linkledger-order").digest()
    return int.from_bytes(digest, "big", signed=True)
