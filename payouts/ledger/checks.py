"""Checks of the books by themselves: the chain is whole, and every posting is one that its event allows."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from payouts.ledger.chain import GENESIS, link_hash
from payouts.ledger.models import Account, Chain, Posting, Transaction
from payouts.ledger.operations import inputs_hash
from payouts.ledger.rules import EVENTS


@dataclass(frozen=True)
class Finding:
    """A fault that a check found: which promise is broken, where, in words for a person."""

    check: str
    subject_id: str
    message: str


def chain_faults(session: Session) -> Iterator[Finding]:
    """Every brand's transactions follow one another without a gap, each hashed over the one before."""
    ends = {chain.brand_id: (chain.head_hash, chain.seq) for chain in session.scalars(select(Chain))}
    written = set(session.scalars(select(Transaction.brand_id).distinct()))
    for brand_id in sorted(written.union(ends)):
        yield from _faults_of_chain(session, brand_id, ends.get(brand_id, (GENESIS, 0)))


def _faults_of_chain(session: Session, brand_id: str, end: tuple[str, int]) -> Iterator[Finding]:
    """`end` is the hash and the number of the last transaction that the brand's chain remembers."""
    head, seq = GENESIS, 0
    rows = session.execute(
        select(Transaction).where(Transaction.brand_id == brand_id).order_by(Transaction.seq)
    ).scalars()
    postings = _postings_by_transaction(session, brand_id)
    for transaction in rows:
        seq += 1
        own = postings.get(transaction.id, [])
        if transaction.seq != seq or transaction.previous_hash != head:
            yield Finding("chain", transaction.id, f"The books have a gap before {transaction.id}.")
        if transaction.hash != link_hash(transaction, own) or not own:
            yield Finding("chain", transaction.id, f"{transaction.id} is not what was recorded.")
        if transaction.inputs_hash != inputs_hash(transaction.inputs):
            yield Finding("chain", transaction.id, f"The inputs of {transaction.id} were changed.")
        head, seq = transaction.hash, transaction.seq
    if (head, seq) != end:
        yield Finding(
            "chain", brand_id, f"The books of {brand_id} end at number {seq}, but {end[1]} were recorded."
        )


def _postings_by_transaction(session: Session, brand_id: str) -> dict[str, list[Posting]]:
    found: dict[str, list[Posting]] = {}
    rows = session.execute(
        select(Posting)
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .where(Transaction.brand_id == brand_id)
        .order_by(Posting.transaction_id, Posting.line)
    ).scalars()
    for posting in rows:
        found.setdefault(posting.transaction_id, []).append(posting)
    return found


def posting_faults(session: Session) -> Iterator[Finding]:
    """Every posting goes from the account to the account that its event names."""
    debit, credit = aliased(Account), aliased(Account)
    rows = session.execute(
        select(Posting.transaction_id, Transaction.kind, debit.kind, credit.kind)
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .join(debit, debit.id == Posting.debit_account_id)
        .join(credit, credit.id == Posting.credit_account_id)
        .order_by(Posting.id)
    )
    for transaction_id, kind, debited, credited in rows:
        allowed = (
            [EVENTS["exchange_out"], EVENTS["exchange_in"]] if kind == "exchange" else [EVENTS.get(kind)]
        )
        if not any(rule and (rule.debit, rule.credit) == (debited, credited) for rule in allowed):
            yield Finding(
                "postings", transaction_id, f"{transaction_id} ({kind}) moved {debited} to {credited}."
            )


def balance_faults(session: Session) -> Iterator[Finding]:
    """Nothing is held or in transit below zero; only `payable` may be negative."""
    sums: dict[str, int] = {}
    for side, sign in ((Posting.credit_account_id, 1), (Posting.debit_account_id, -1)):
        rows = session.execute(
            select(side, Posting.amount_minor)
            .join(Account, Account.id == side)
            .where(Account.kind.in_(("pending", "in_transit")))
        )
        for account, amount in rows:
            sums[account] = sums.get(account, 0) + sign * amount
    for account, balance in sorted(sums.items()):
        if balance < 0:
            yield Finding("balances", account, f"The account {account} stands at {balance}, below zero.")
