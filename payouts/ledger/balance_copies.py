"""Copies of balances: what each account had at the end of a period, written as its statement is sealed.

No later transaction belongs to such a period or to one before it, so a copy and what came after it are the
balance. The self-check compares the copies with the postings.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, exists, func, select, union_all
from sqlalchemy.orm import Session

from config.insert import insert_all
from payouts.ledger.checks import Finding, Reads
from payouts.ledger.models import Account, AccountBalance, Period, Posting, Transaction


def balances_at_end(session: Session, period: Period, currency: str) -> Counter[str]:
    """The balances of the brand's accounts at the end of a period, in minor units.

    They are final once the period's statement in that currency is approved, and the earlier ones are sealed.
    """
    earlier = last_copied(session, period.brand_id, currency, until=period.starts_at)
    balances = copies_of(session, earlier, currency) if earlier is not None else Counter()
    for each in _periods_between(session, period, earlier):
        balances.update(moved_in(session, each, currency))
    return balances


def store_copies(session: Session, period: Period, balances: Mapping[str, int]) -> None:
    """Store `balances_at_end`. Call it once, in the transaction that seals the period's statement."""
    rows = [
        {"period_id": period.id, "account_id": account, "balance_minor": minor}
        for account, minor in sorted(balances.items())
        if minor
    ]
    insert_all(session, AccountBalance, rows)


def last_copied(session: Session, brand_id: str, currency: str, *, until: datetime | None) -> Period | None:
    """The brand's last period with copies in that currency; with `until`, of those that end by then."""
    has_copies = exists().where(
        AccountBalance.period_id == Period.id,
        Account.id == AccountBalance.account_id,
        Account.currency == currency,
    )
    found = select(Period).where(Period.brand_id == brand_id, has_copies).order_by(Period.starts_at.desc())
    return session.scalar((found if until is None else found.where(Period.ends_at <= until)).limit(1))


def copies_of(session: Session, period: Period, currency: str) -> Counter[str]:
    """The copies at the end of a period, by account, in minor units."""
    rows = session.execute(_copies_query(), {"period_id": period.id, "currency": currency})
    return Counter({account: int(minor) for account, minor in rows})


@cache
def _copies_query() -> Select[str, int]:
    """Parameters: `period_id`, `currency`."""
    return (
        select(AccountBalance.account_id, AccountBalance.balance_minor)
        .join(Account, Account.id == AccountBalance.account_id)
        .where(AccountBalance.period_id == bindparam("period_id"), Account.currency == bindparam("currency"))
    )


def owed_at_end(session: Session, period: Period, currency: str) -> int:
    """What creators are owed at the end of a period by its copies, in minor units."""
    owed = (
        select(func.sum(AccountBalance.balance_minor))
        .join(Account, Account.id == AccountBalance.account_id)
        .where(AccountBalance.period_id == period.id, Account.currency == currency)
        .where(Account.creator_id.is_not(None))
    )
    return int(session.scalar(owed) or 0)


def moved_in(session: Session, period: Period, currency: str) -> Counter[str]:
    """Credits less debits of the postings of a period, by account, in minor units."""
    rows = session.execute(_moved_query(), {"period_id": period.id, "currency": currency})
    return Counter({account: int(minor) for account, minor in rows})


@cache
def _moved_query() -> Select[str, int]:
    """Parameters: `period_id`, `currency`."""
    sides = [
        select(side.label("account"), (Posting.amount_minor * sign).label("amount"))
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .where(Transaction.period_id == bindparam("period_id"), Posting.currency == bindparam("currency"))
        for side, sign in ((Posting.credit_account_id, 1), (Posting.debit_account_id, -1))
    ]
    both = union_all(*sides).subquery()
    return select(both.c.account, func.sum(both.c.amount)).group_by(both.c.account)


def _periods_between(session: Session, period: Period, earlier: Period | None) -> list[Period]:
    """The brand's periods after `earlier`, or all, up to and with `period`."""
    found = select(Period).where(Period.brand_id == period.brand_id, Period.starts_at <= period.starts_at)
    if earlier is not None:
        found = found.where(Period.starts_at > earlier.starts_at)
    return list(session.scalars(found.order_by(Period.starts_at)))


def copy_faults(reads: Reads, sealed: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """Of the periods and currencies of sealed statements: each copy is the copy before it and what came then.

    `sealed` has ids of periods and currencies. A statement that an earlier version sealed has no copies. Each
    period is read in its own read.
    """
    for period_id, currency in sealed:
        with reads() as session:
            period = session.get_one(Period, period_id)
            copied = copies_of(session, period, currency)
            earlier = last_copied(session, period.brand_id, currency, until=period.starts_at)
            balances = copies_of(session, earlier, currency) if earlier is not None else Counter()
            periods = _periods_between(session, period, earlier)
        if not copied:
            continue
        for each in periods:
            with reads() as session:
                balances.update(moved_in(session, each, currency))
        yield from _differences(period, copied, balances)


def _differences(period: Period, copied: Mapping[str, int], balances: Mapping[str, int]) -> Iterator[Finding]:
    for account in sorted(copied.keys() | balances.keys()):
        if (copy := copied.get(account, 0)) != (balance := balances.get(account, 0)):
            message = (
                f"The balance of {account} at the end of {period.name} is {balance}, but its copy is {copy}."
            )
            yield Finding("copies", account, message)
