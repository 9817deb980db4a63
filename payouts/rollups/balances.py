"""Balances of creators for pages: a copy that a job carries forward, and what was posted since.

What is read is always the balance of this moment. Nothing that moves money reads a copy.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, select, union_all, update
from sqlalchemy.orm import Session

from config.insert import insert_into, insert_once
from payouts.ledger.models import Account, Chain, Posting, Transaction
from payouts.rollups.models import BalanceCopy, BalanceMark


class Owner(NamedTuple):
    """Whose balance it is, at which brand, in which kind of account."""

    brand_id: str
    creator_id: str
    currency: str
    kind: str


def brands_with_postings(session: Session) -> Sequence[str]:
    """Brands whose books are longer than what their copies contain."""
    mark = func.coalesce(BalanceMark.seq, 0)
    rows = select(Chain.brand_id).join(BalanceMark, BalanceMark.brand_id == Chain.brand_id, isouter=True)
    return session.scalars(rows.where(Chain.seq > mark).order_by(Chain.brand_id)).all()


def carry_balances(session: Session, now: datetime, limit: int, *, brand_id: str) -> int:
    """Add the next `limit` transactions of the brand to the copies. Returns how many; 0 at the end.

    The mark moves in the same transaction, from the number that was read: each posting is added once.
    """
    insert_once(session, BalanceMark, brand_id=brand_id, seq=0)
    start = session.scalar(select(BalanceMark.seq).where(BalanceMark.brand_id == brand_id)) or 0
    newest = session.scalar(select(Chain.seq).where(Chain.brand_id == brand_id)) or 0
    end = min(start + limit, newest)
    same = (BalanceMark.brand_id == brand_id, BalanceMark.seq == start)
    moved = update(BalanceMark).where(*same).values(seq=end).returning(BalanceMark.seq)
    if end <= start or session.execute(moved).first() is None:
        return 0
    changes = posted(session, brand_id, after=start, until=end)
    rows = [{**owner._asdict(), "balance_minor": change} for owner, change in changes.items()]
    if rows:
        statement = insert_into(BalanceCopy, session)
        total = BalanceCopy.balance_minor + statement.excluded.balance_minor
        keys = list(Owner._fields)
        session.execute(
            statement.on_conflict_do_update(index_elements=keys, set_={"balance_minor": total}), rows
        )
    return end - start


def balances_of_creator(session: Session, creator_id: str) -> dict[Owner, int]:
    """Every balance of the creator, at all brands."""
    columns = [getattr(BalanceCopy, name) for name in (*Owner._fields, "balance_minor")]
    found: dict[Owner, int] = defaultdict(int)
    for *owner, balance in session.execute(select(*columns).where(BalanceCopy.creator_id == creator_id)):
        found[Owner(*owner)] = balance
    for brand_id in brands_with_postings(session):
        for each, change in _posted_since(session, brand_id, creator_id).items():
            found[each] += change
    return dict(found)


def owed_by_brand(session: Session, brand_id: str) -> dict[tuple[str, str], int]:
    """What the brand owes all creators together, by currency and kind of account."""
    copies = (
        select(BalanceCopy.currency, BalanceCopy.kind, func.sum(BalanceCopy.balance_minor))
        .where(BalanceCopy.brand_id == brand_id)
        .group_by(BalanceCopy.currency, BalanceCopy.kind)
    )
    found: dict[tuple[str, str], int] = defaultdict(int)
    for currency, kind, balance in session.execute(copies):
        found[currency, kind] = int(balance)
    for each, change in _posted_since(session, brand_id).items():
        found[each.currency, each.kind] += change
    return dict(found)


def _posted_since(session: Session, brand_id: str, creator_id: str | None = None) -> dict[Owner, int]:
    """What was posted after the copies were made."""
    start = session.scalar(select(BalanceMark.seq).where(BalanceMark.brand_id == brand_id)) or 0
    newest = session.scalar(select(Chain.seq).where(Chain.brand_id == brand_id)) or 0
    found = posted(session, brand_id, after=start, until=newest)
    return {each: change for each, change in found.items() if creator_id in (None, each.creator_id)}


def posted(session: Session, brand_id: str, *, after: int, until: int) -> dict[Owner, int]:
    """Credits less debits of creators' accounts in a part of the brand's books."""
    part = {"brand_id": brand_id, "after": after, "until": until}
    return {Owner(*owner): int(change) for *owner, change in session.execute(_changes(), part)}


@cache
def _changes() -> Select[*tuple[Any, ...]]:
    """By account of a creator: what transactions changed. Parameters: `brand_id`, `after`, `until`."""
    of_part = (Transaction.brand_id == bindparam("brand_id"), Transaction.seq > bindparam("after"))
    sides = [
        select(side.label("account"), (Posting.amount_minor * sign).label("amount"))
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .where(*of_part, Transaction.seq <= bindparam("until"))
        for side, sign in ((Posting.credit_account_id, 1), (Posting.debit_account_id, -1))
    ]
    both = union_all(*sides).subquery()
    return (
        select(Account.brand_id, Account.creator_id, Account.currency, Account.kind, func.sum(both.c.amount))
        .join(both, both.c.account == Account.id)
        .where(Account.creator_id.is_not(None))
        .group_by(Account.id, Account.brand_id, Account.creator_id, Account.currency, Account.kind)
    )
