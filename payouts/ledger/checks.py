"""Checks of the ledger itself: the hash chain is complete, and every posting is allowed by its event."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from payouts.ledger.chain import GENESIS, link_hash
from payouts.ledger.models import Account, Chain, Posting, Transaction
from payouts.ledger.operations import inputs_hash
from payouts.ledger.rules import EVENTS, FORMER_ACCOUNTS, events_of

PAGE_ROWS = 500


@dataclass(frozen=True)
class Finding:
    """A fault that a check found: the check, the id of the object, and a message for people."""

    check: str
    subject_id: str
    message: str


def chain_faults(session: Session) -> Iterator[Finding]:
    """Every brand's transactions are numbered without a gap, and each hash includes the one before."""
    ends = {chain.brand_id: (chain.head_hash, chain.seq) for chain in session.scalars(select(Chain))}
    written = set(session.scalars(select(Transaction.brand_id).distinct()))
    for brand_id in sorted(written.union(ends)):
        yield from _chain_faults_of_brand(session, brand_id, ends.get(brand_id, (GENESIS, 0)))


def _chain_faults_of_brand(session: Session, brand_id: str, end: tuple[str, int]) -> Iterator[Finding]:
    """`end` is the hash and the number of the last transaction, as the brand's `Chain` row has them."""
    head, seq, read_until = GENESIS, 0, None
    while page := _page_of_chain(session, brand_id, read_until):
        read_until = page[-1].seq
        postings = _postings_of(session, page)
        for transaction in page:
            if transaction.seq != seq + 1 or transaction.previous_hash != head:
                yield Finding("chain", transaction.id, f"The books have a gap before {transaction.id}.")
            yield from _transaction_faults(transaction, postings[transaction.id])
            head, seq = transaction.hash, transaction.seq
    if (head, seq) != end:
        yield Finding(
            "chain", brand_id, f"The books of {brand_id} end at number {seq}, but {end[1]} were recorded."
        )


def _transaction_faults(transaction: Transaction, postings: list[Posting]) -> Iterator[Finding]:
    if transaction.hash != link_hash(transaction, postings) or not postings:
        yield Finding("chain", transaction.id, f"{transaction.id} was changed after it was recorded.")
    if transaction.inputs_hash != inputs_hash(transaction.inputs):
        yield Finding("chain", transaction.id, f"The inputs of {transaction.id} were changed.")


def _page_of_chain(session: Session, brand_id: str, after_seq: int | None) -> Sequence[Transaction]:
    """The next transactions of the chain. It is read in pages: a brand may have millions of them."""
    query = select(Transaction).where(Transaction.brand_id == brand_id)
    if after_seq is not None:
        query = query.where(Transaction.seq > after_seq)
    return session.scalars(query.order_by(Transaction.seq).limit(PAGE_ROWS)).all()


def _postings_of(session: Session, transactions: Sequence[Transaction]) -> dict[str, list[Posting]]:
    found: dict[str, list[Posting]] = {transaction.id: [] for transaction in transactions}
    for posting in session.scalars(select(Posting).where(Posting.transaction_id.in_(found))):
        found[posting.transaction_id].append(posting)
    return found


def posting_faults(session: Session) -> Iterator[Finding]:
    """Every posting debits and credits the kinds of account that its event names or named in the past."""
    debit, credit = aliased(Account), aliased(Account)

    def between(*columns: Any) -> Any:
        return (
            select(*columns)
            .select_from(Posting)
            .join(Transaction, Transaction.id == Posting.transaction_id)
            .join(debit, debit.id == Posting.debit_account_id)
            .join(credit, credit.id == Posting.credit_account_id)
        )

    kinds = between(Transaction.kind, debit.kind, credit.kind).distinct()
    for kind, debited, credited in sorted(tuple(row) for row in session.execute(kinds)):
        if _is_allowed(kind, debited, credited):
            continue
        wrong = between(Posting.transaction_id).where(
            Transaction.kind == kind, debit.kind == debited, credit.kind == credited
        )
        for transaction_id in session.scalars(wrong.order_by(Posting.id)):
            message = f"{transaction_id} ({kind}) moved {debited} to {credited}."
            yield Finding("postings", transaction_id, message)


def _is_allowed(kind: str, debited: str, credited: str) -> bool:
    accounts = {(EVENTS[event].debit, EVENTS[event].credit) for event in events_of(kind)}
    return (debited, credited) in accounts or (debited, credited) == FORMER_ACCOUNTS.get(kind)


def balance_faults(session: Session) -> Iterator[Finding]:
    """No held or in-transit balance is negative; of a creator's accounts only `payable` may be."""
    sums: dict[str, int] = {}
    for side, sign in ((Posting.credit_account_id, 1), (Posting.debit_account_id, -1)):
        rows = session.execute(
            select(side, func.sum(Posting.amount_minor))
            .join(Account, Account.id == side)
            .where(Account.kind.in_(("pending", "in_transit")))
            .group_by(side)
        )
        for account, amount in rows:
            sums[account] = sums.get(account, 0) + sign * int(amount)
    for account, balance in sorted(sums.items()):
        if balance < 0:
            yield Finding("balances", account, f"The balance of {account} is {balance}, below zero.")
