"""Writes to the ledger: each event once, under the brand's lock, at the end of its hash chain."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from config.canonical import canonical_json
from config.insert import insert_once
from payouts.ledger.chain import GENESIS, link_hash
from payouts.ledger.models import Account, Chain, Period, Posting, Transaction
from payouts.ledger.periods import period_for
from payouts.ledger.rules import CREATOR_ACCOUNTS, EVENTS, Line, account_id, accounts_of
from tracker.errors import Conflict
from tracker.ids import new_id
from tracker.people.accounts.models import Brand
from tracker.people.accounts.operations import get_brand


@dataclass(frozen=True)
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


def find_posted(session: Session, brand_id: str, event_key: str, inputs: Mapping[str, Any]) -> Posted | None:
    """The transaction of this event if it was recorded before, otherwise None.

    Inputs are compared, not what is computed from them. Raises Conflict when the same key came with other
    inputs: that is an error of the caller, not a repetition.
    """
    found = session.scalar(_transaction_query(), {"brand_id": brand_id, "event_key": event_key})
    if found is None:
        return None
    if found.inputs_hash != inputs_hash(inputs):
        raise Conflict(
            f"The event {event_key} is already in the books ({found.id}) with other contents; "
            "nothing was recorded. Give a new event a new key."
        )
    return Posted(found.id, found.period_id, duplicate=True)


@cache
def _transaction_query() -> Select[Transaction]:
    return select(Transaction).where(
        Transaction.brand_id == bindparam("brand_id"), Transaction.event_key == bindparam("event_key")
    )


def post(
    session: Session,
    now: datetime,
    *,
    brand_id: str,
    kind: str,
    event_key: str,
    inputs: Mapping[str, Any],
    lines: Sequence[Line],
    subject_id: str,
    effective_at: datetime,
    period: Period | None = None,
) -> Posted:
    """Record one event: all its postings or none, once, in the period it belongs to.

    `inputs` are the facts of the event as JSON values, and `lines` the postings that follow from them.
    `subject_id` is the commission, payout, creator or brand concerned. Only review decisions about a draft
    give `period`. Raises Conflict when the key was used with other inputs.
    """
    chain = lock_books(session, brand_id)
    if (known := find_posted(session, brand_id, event_key, inputs)) is not None:
        return known
    brand = get_brand(session, brand_id)
    period = period or period_for(session, now, brand, effective_at)
    transaction = Transaction(
        id=new_id("txn", now),
        brand_id=brand_id,
        seq=chain.seq + 1,
        kind=kind,
        event_key=event_key,
        inputs=dict(inputs),
        inputs_hash=inputs_hash(inputs),
        subject_id=subject_id,
        period_id=period.id,
        effective_at=effective_at,
        recorded_at=now,
        previous_hash=chain.head_hash,
    )
    postings = _postings(session, brand, transaction, lines)
    transaction.hash = link_hash(transaction, postings)
    chain.seq, chain.head_hash = transaction.seq, transaction.hash
    session.add(transaction)
    session.flush()
    session.add_all(postings)
    session.flush()
    return Posted(transaction.id, period.id, duplicate=False)


def inputs_hash(inputs: Mapping[str, Any]) -> str:
    """SHA-256 of the inputs as canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(dict(inputs)).encode()).hexdigest()


def _postings(
    session: Session, brand: Brand, transaction: Transaction, lines: Sequence[Line]
) -> list[Posting]:
    postings = []
    _ensure_accounts(session, brand.id, lines)
    for number, line in enumerate(lines, start=1):
        debit, credit = accounts_of(line, brand.id)
        postings.append(
            Posting(
                transaction_id=transaction.id,
                line=number,
                debit_account_id=debit,
                credit_account_id=credit,
                amount_minor=line.amount_minor,
                currency=line.currency,
            )
        )
    return postings


def _ensure_accounts(session: Session, brand_id: str, lines: Sequence[Line]) -> None:
    """Create missing accounts. They usually exist: one query avoids an insert for each."""
    wanted = {}
    for line in lines:
        for kind in (EVENTS[line.event].debit, EVENTS[line.event].credit):
            identifier = account_id(brand_id, kind, line.currency, line.creator_id)
            owner = line.creator_id if kind in CREATOR_ACCOUNTS else None
            wanted[identifier] = {"kind": kind, "currency": line.currency, "creator_id": owner}
    existing = set(session.scalars(_accounts_query(), {"ids": list(wanted)}))
    for identifier, values in wanted.items():
        if identifier not in existing:
            insert_once(session, Account, id=identifier, brand_id=brand_id, **values)


@cache
def _accounts_query() -> Select[str]:
    """Parameter: `ids`."""
    return select(Account.id).where(Account.id.in_(bindparam("ids", expanding=True)))
