"""Whatever concerns one order happens one after the other.

Under READ COMMITTED a refund that finds no sale, and the sale that finds no waiting refund, could otherwise
pass each other in two open transactions, and the refund would wait for ever.
"""

import hashlib

from sqlalchemy import func, select
from sqlalchemy.orm import Session


def lock_order(session: Session, brand_id: str, namespace: str, order_id: str) -> None:
    """Wait until no other transaction holds this order, then hold it until the end of this one.

    Take it before the rows of the order are read. The same transaction may take it again.
    """
    if session.get_bind().dialect.name != "postgresql":
        return  # SQLite has one writer at a time
    name = "\0".join((brand_id, namespace, order_id)).encode()
    digest = hashlib.blake2b(name, digest_size=8, person=b"linkledger-order").digest()
    key = int.from_bytes(digest, "big", signed=True)
    session.execute(select(func.pg_advisory_xact_lock(key)))
