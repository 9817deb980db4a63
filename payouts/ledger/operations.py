"""The lock of a brand's books, and the look-up of events that are in them. `batches.py` writes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from config.among import among
from config.insert import insert_once
from payouts.ledger.chain import GENESIS, inputs_hash
from payouts.ledger.models import Chain, Transaction
from tracker.errors import Conflict


@dataclass(frozen=True, slots=True)
class Posted:
    """A transaction in the books; `duplicate` says that it was recorded before this call."""

    transaction_id: str
    period_id: str
    duplicate: bool


def lock_books(session: Session, brand_id: str) -> Chain:
    """Lock the brand's books until the current database transaction ends.

    The row that is locked is missing only before the first write; then one of several inserts succeeds, and
    the others wait for it.
    """
    found = session.scalar(_chain_query(), {"brand_id": brand_id})
    if found is not None:
        return found
    insert_once(session, Chain, brand_id=brand_id, seq=0, head_hash=GENESIS)
    return session.scalars(_chain_query(), {"brand_id": brand_id}).one()


@cache
def _chain_query() -> Select[Chain]:
    locked = select(Chain).where(Chain.brand_id == bindparam("brand_id")).with_for_update()
    return locked.execution_options(populate_existing=True)


def last_seq(session: Session, brand_id: str) -> int:
    """The number of the brand's last transaction; 0 before the first. It takes no lock."""
    return session.scalar(select(Chain.seq).where(Chain.brand_id == brand_id)) or 0


def find_posted(session: Session, brand_id: str, event_key: str, inputs: Mapping[str, Any]) -> Posted | None:
    """The transaction of this event if it was recorded before, otherwise None.

    Inputs are compared, not what is computed from them. Raises Conflict when the same key came with other
    inputs: that is an error of the caller, not a repetition.
    """
    return find_all_posted(session, brand_id, {event_key: inputs_hash(inputs)}).get(event_key)


def find_all_posted(session: Session, brand_id: str, hashes: Mapping[str, str]) -> dict[str, Posted]:
    """By event key: the transactions of those events that were recorded before.

    `hashes` are those of the inputs, by event key. Raises Conflict as `find_posted` does.
    """
    rows = session.execute(_recorded_query(), {"brand_id": brand_id, "event_keys": list(hashes)})
    found = {}
    for event_key, transaction_id, period_id, recorded_hash in rows:
        if recorded_hash != hashes[event_key]:
            raise Conflict(
                f"The event {event_key} is already in the books ({transaction_id}) with other contents; "
                "nothing was recorded. Give a new event a new key."
            )
        found[event_key] = Posted(transaction_id, period_id, duplicate=True)
    return found


@cache
def _recorded_query() -> Select[str, str, str, str]:
    """Parameters: `brand_id`, `event_keys`."""
    columns = (Transaction.event_key, Transaction.id, Transaction.period_id, Transaction.inputs_hash)
    of_brand = Transaction.brand_id == bindparam("brand_id")
    return select(*columns).where(of_brand, among(Transaction.event_key, "event_keys"))
