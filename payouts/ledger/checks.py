"""Checks of the ledger itself: the hash chain is complete, and every posting is allowed by its event."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Text, bindparam, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from config.among import among
from payouts.ledger.chain import GENESIS, Link, LinkPosting, link_hash, text_hash
from payouts.ledger.models import Account, Chain, Posting, Transaction
from payouts.ledger.rules import CREATOR_ACCOUNTS, EVENTS, FORMER_ACCOUNTS, events_of

PAGE_ROWS = 500
_BEFORE_ALL = -(2**63)
"""Lower than any number of a transaction, also than one that was forged."""

Reads = Callable[[], AbstractContextManager[Session]]
"""Opens a short read transaction for one page; or gives one session again and again, for a single view."""


@dataclass(frozen=True)
class Finding:
    """A fault that a check found: the check, the id of the object, and a message for people."""

    check: str
    subject_id: str
    message: str


@dataclass(frozen=True)
class BooksEnd:
    """Where a brand's books end: by its `Chain` row, and the highest number of a transaction."""

    brand_id: str
    seq: int
    head_hash: str
    last_seq: int


def books_end(session: Session, brand_id: str) -> BooksEnd:
    chain = session.get(Chain, brand_id)
    last_seq = session.scalar(select(func.max(Transaction.seq)).where(Transaction.brand_id == brand_id))
    seq, head_hash = (0, GENESIS) if chain is None else (chain.seq, chain.head_hash)
    return BooksEnd(brand_id, seq, head_hash, last_seq or 0)


@dataclass
class BooksSoFar:
    """A brand's books up to one transaction: its number, its hash, and the sums of all postings so far.

    `balances`: credits less debits, by id of the account. `owed`: what each period added to what creators are
    owed, by currency and id of the period. Both in minor units.
    """

    brand_id: str
    seq: int = 0
    hash: str = GENESIS
    balances: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    owed: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True)
class WalkedPage:
    """What was found on one page of the books, and the objects that its transactions concern, by id."""

    findings: Sequence[Finding]
    subjects: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    periods: frozenset[str] = frozenset()


def walk(reads: Reads, books: BooksSoFar, end: BooksEnd) -> Iterator[WalkedPage]:
    """Check the transactions after `books`, page by page, and carry `books` forward to `end`.

    Every transaction is numbered without a gap, and each hash includes the one before. Every posting debits
    and credits accounts that its event names or named in the past. At the end no held or in-transit balance
    is negative; of a creator's accounts only `payable` may be.
    """
    kinds: dict[str, str] = {}
    after = books.seq or _BEFORE_ALL
    while True:
        with reads() as session:
            page = _page_of_chain(session, books.brand_id, after, end.last_seq)
            postings = _postings_of(session, page)
            accounts = frozenset(_accounts_of(postings))
            kinds.update(_kinds(session, accounts - kinds.keys()))
        if not page:
            break
        after = page[-1].link.seq
        yield WalkedPage(
            list(_page_faults(books, page, postings, kinds)),
            frozenset(each.link.subject_id for each in page),
            accounts,
            frozenset(each.link.period_id for each in page),
        )
    yield WalkedPage([*_end_faults(books, end), *_balance_faults(books.balances, kinds)])


class _Stored(NamedTuple):
    """A transaction as it is stored, with its hash."""

    link: Link
    hash: str


Postings = Mapping[str, Sequence[LinkPosting]]
"""By id of the transaction."""


def _page_of_chain(session: Session, brand_id: str, after: int, until: int) -> list[_Stored]:
    parameters = {"brand_id": brand_id, "after": after, "until": until, "rows": PAGE_ROWS}
    return [_Stored(Link._make(row[:-1]), row[-1]) for row in session.execute(_chain_query(), parameters)]


@cache
def _chain_query() -> Select[*tuple[Any, ...]]:
    """The fields of a Link in their order, and the hash. Parameters: `brand_id`, `after`, `until`, `rows`.

    The inputs are read as they are stored: their text was hashed.
    """
    columns = [Transaction.__table__.c[name] for name in Link._fields]
    read = [type_coerce(each, Text) if each.name == "inputs" else each for each in columns]
    return (
        select(*read, Transaction.hash)
        .where(
            Transaction.brand_id == bindparam("brand_id"),
            Transaction.seq > bindparam("after"),
            Transaction.seq <= bindparam("until"),
        )
        .order_by(Transaction.seq)
        .limit(bindparam("rows"))
    )


def _postings_of(session: Session, transactions: Sequence[_Stored]) -> Postings:
    found: dict[str, list[LinkPosting]] = {each.link.id: [] for each in transactions}
    for row in session.execute(_postings_query(), {"ids": list(found)}):
        found[row[0]].append(LinkPosting._make(row))
    return found


@cache
def _postings_query() -> Select[*tuple[Any, ...]]:
    """The fields of a LinkPosting in their order. Parameter: `ids` of transactions."""
    columns = [Posting.__table__.c[name] for name in LinkPosting._fields]
    return select(*columns).where(among(Posting.transaction_id, "ids"))


def _accounts_of(postings: Postings) -> Iterator[str]:
    for lines in postings.values():
        for line in lines:
            yield line.debit_account_id
            yield line.credit_account_id


def _kinds(session: Session, accounts: frozenset[str]) -> dict[str, str]:
    """The kind of each account, by its id."""
    if not accounts:
        return {}
    return dict(row for row in session.execute(_kinds_query(), {"ids": list(accounts)}))


@cache
def _kinds_query() -> Select[str, str]:
    """Parameter: `ids` of accounts."""
    return select(Account.id, Account.kind).where(among(Account.id, "ids"))


def _page_faults(
    books: BooksSoFar, page: Sequence[_Stored], postings: Postings, kinds: Mapping[str, str]
) -> Iterator[Finding]:
    for stored in page:
        link, lines = stored.link, postings[stored.link.id]
        if link.seq != books.seq + 1 or link.previous_hash != books.hash:
            yield Finding("chain", link.id, f"The books have a gap before {link.id}.")
        yield from _transaction_faults(stored, lines)
        books.seq, books.hash = link.seq, stored.hash
        for line in lines:
            yield from _posting_faults(books, link, line, kinds)


def _transaction_faults(stored: _Stored, postings: Sequence[LinkPosting]) -> Iterator[Finding]:
    link = stored.link
    if stored.hash != link_hash(link, postings) or not postings:
        yield Finding("chain", link.id, f"{link.id} was changed after it was recorded.")
    if link.inputs_hash != text_hash(link.inputs):
        yield Finding("chain", link.id, f"The inputs of {link.id} were changed.")


def _posting_faults(
    books: BooksSoFar, link: Link, line: LinkPosting, kinds: Mapping[str, str]
) -> Iterator[Finding]:
    """Checks one posting and adds it to the sums of the books."""
    debit, credit = line.debit_account_id, line.credit_account_id
    debited, credited = kinds.get(debit, "an unknown account"), kinds.get(credit, "an unknown account")
    if not _is_allowed(link.kind, debited, credited):
        yield Finding("postings", link.id, f"{link.id} ({link.kind}) moved {debited} to {credited}.")
    books.balances[debit] -= line.amount_minor
    books.balances[credit] += line.amount_minor
    if (owed := (credited in CREATOR_ACCOUNTS) - (debited in CREATOR_ACCOUNTS)) != 0:
        books.owed[line.currency, link.period_id] += owed * line.amount_minor


@cache
def _is_allowed(kind: str, debited: str, credited: str) -> bool:
    accounts = {(EVENTS[event].debit, EVENTS[event].credit) for event in events_of(kind)}
    return (debited, credited) in accounts or (debited, credited) == FORMER_ACCOUNTS.get(kind)


def _end_faults(books: BooksSoFar, end: BooksEnd) -> Iterator[Finding]:
    if (books.hash, books.seq) != (end.head_hash, end.seq):
        message = f"The books of {end.brand_id} end at number {books.seq}, but {end.seq} were recorded."
        yield Finding("chain", end.brand_id, message)


def _balance_faults(balances: Mapping[str, int], kinds: Mapping[str, str]) -> Iterator[Finding]:
    for account, kind in sorted(kinds.items()):
        if kind in ("pending", "in_transit") and (balance := balances[account]) < 0:
            yield Finding("balances", account, f"The balance of {account} is {balance}, below zero.")


def pages_of(
    reads: Reads,
    identifier: InstrumentedAttribute[str],
    brand: InstrumentedAttribute[str],
    brands: frozenset[str],
    *conditions: ColumnElement[bool],
    rows: int | None = None,
) -> Iterator[list[str]]:
    """All ids of a table's rows that belong to `brands`, page by page, each page in its own read.

    The pages follow the primary key, whatever brands they belong to: a condition on the brand could make the
    database sort all rows of the brand for each page.
    """
    after = ""
    query = select(identifier, brand).where(identifier > bindparam("after"), *conditions)
    query = query.order_by(identifier).limit(rows or PAGE_ROWS)
    while True:
        with reads() as session:
            found = session.execute(query, {"after": after}).all()
        if not found:
            return
        after = found[-1][0]
        if page := [each for each, owner in found if owner in brands]:
            yield page
