"""Balances: sums of postings, computed on demand; of a brand's creators from the last copies on."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, func, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from config.among import among
from payouts.ledger.balance_copies import copies_of, last_copied
from payouts.ledger.models import Account, Period, Posting, Transaction
from payouts.ledger.rules import CREATOR_ACCOUNTS, FORMER_ACCOUNTS, liability_minor


@dataclass(frozen=True)
class CreatorBalance:
    """What a brand owes a creator in one currency. A negative `payable_minor` is what the creator owes."""

    pending_minor: int = 0
    payable_minor: int = 0
    in_transit_minor: int = 0

    @property
    def total_minor(self) -> int:
        return self.pending_minor + self.payable_minor + self.in_transit_minor


def creator_balances(
    session: Session, brand_id: str, currency: str, *, before: datetime | None = None
) -> dict[str, CreatorBalance]:
    """Balances of a brand's creators, by creator id. With `before`: only of periods that start before it."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    accounts = select(Account).where(
        Account.brand_id == brand_id, Account.currency == currency, Account.kind.in_(CREATOR_ACCOUNTS)
    )
    sums = _sums(session, brand_id, currency, before)
    for account in session.execute(accounts).scalars():
        assert account.creator_id is not None
        found[account.creator_id][f"{account.kind}_minor"] = sums.get(account.id, 0)
    return {creator_id: CreatorBalance(**kinds) for creator_id, kinds in sorted(found.items())}


def account_balance_minor(session: Session, identifier: str, *, subject_id: str | None = None) -> int:
    """Credits less debits of one account, in minor units. With `subject_id`: only of its transactions."""
    debits, credits_ = (
        _one_side_minor(session, side, identifier, subject_id)
        for side in (Posting.debit_account_id, Posting.credit_account_id)
    )
    return liability_minor(debits, credits_)


def _one_side_minor(
    session: Session, side: InstrumentedAttribute[str], identifier: str, subject_id: str | None
) -> int:
    query = select(func.coalesce(func.sum(Posting.amount_minor), 0)).where(side == identifier)
    if subject_id is not None:
        query = query.join(Transaction, Transaction.id == Posting.transaction_id)
        query = query.where(Transaction.subject_id == subject_id)
    return int(session.scalar(query) or 0)


@dataclass(frozen=True)
class AccountTotals:
    """All that was debited and credited to one account of a brand, in minor units."""

    kind: str
    currency: str
    debits_minor: int
    credits_minor: int


def brand_account_totals(session: Session, brand_id: str) -> list[AccountTotals]:
    """The accounts that are the brand's own, not a creator's; by currency, then by kind."""
    accounts = session.scalars(
        select(Account)
        .where(Account.brand_id == brand_id, Account.creator_id.is_(None))
        .order_by(Account.currency, Account.kind)
    ).all()
    debits, credits_ = (
        _sums_of_side(session, brand_id, side)
        for side in (Posting.debit_account_id, Posting.credit_account_id)
    )
    return [
        AccountTotals(each.kind, each.currency, debits.get(each.id, 0), credits_.get(each.id, 0))
        for each in accounts
    ]


def _sums_of_side(session: Session, brand_id: str, side: InstrumentedAttribute[str]) -> dict[str, int]:
    rows = session.execute(
        select(side, func.sum(Posting.amount_minor))
        .join(Account, Account.id == side)
        .where(Account.brand_id == brand_id, Account.creator_id.is_(None))
        .group_by(side)
    )
    return {account: int(amount) for account, amount in rows}


def former_bookings_minor(session: Session, brand_id: str, kind: str) -> dict[str, int]:
    """By currency: what bookings of this kind credited to the account that earlier versions named for it."""
    _debit, credit = FORMER_ACCOUNTS[kind]
    rows = session.execute(
        select(Posting.currency, func.sum(Posting.amount_minor))
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .join(Account, Account.id == Posting.credit_account_id)
        .where(Transaction.brand_id == brand_id, Transaction.kind == kind, Account.kind == credit)
        .group_by(Posting.currency)
    )
    return {currency: int(amount) for currency, amount in rows}


def subject_balances(session: Session, subject_ids: Sequence[str], kind: str) -> dict[str, int]:
    """By commission or payout: its balance in accounts of one kind, credits less debits, in minor units."""
    by_kind = subject_balances_by_kind(session, subject_ids)
    return defaultdict(int, {subject_id: kinds[kind] for subject_id, kinds in by_kind.items()})


def subject_balances_by_kind(session: Session, subject_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """By commission or payout, then by kind of account: credits less debits, in minor units."""
    rows = session.execute(_by_subject(), {"subject_ids": subject_ids}).all()
    accounts = {account for row in rows for account in (row.debit_account_id, row.credit_account_id)}
    kinds = dict(row for row in session.execute(_kinds_of_accounts(), {"ids": list(accounts)}))
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for subject_id, debit, credit, amount in rows:
        of_subject = sums[subject_id]
        of_subject[kinds.get(credit, "")] += int(amount)
        of_subject[kinds.get(debit, "")] -= int(amount)
    return sums


@cache
def _by_subject() -> Select[str, str, str, int]:
    """Sums of the postings by subject and accounts. Parameter: `subject_ids`.

    It begins with the subjects: with a condition on the kind of account, PostgreSQL may begin with all
    postings of the brand's one account of that kind.
    """
    return (
        select(
            Transaction.subject_id,
            Posting.debit_account_id,
            Posting.credit_account_id,
            func.sum(Posting.amount_minor),
        )
        .join(Posting, Posting.transaction_id == Transaction.id)
        .where(among(Transaction.subject_id, "subject_ids"))
        .group_by(Transaction.subject_id, Posting.debit_account_id, Posting.credit_account_id)
    )


@cache
def _kinds_of_accounts() -> Select[str, str]:
    """Parameter: `ids` of accounts."""
    return select(Account.id, Account.kind).where(among(Account.id, "ids"))


def currencies_of(session: Session, brand_id: str) -> list[str]:
    """The currencies in which the brand has accounts of creators, in alphabetical order."""
    return list(
        session.execute(
            select(Account.currency)
            .where(Account.brand_id == brand_id, Account.kind.in_(CREATOR_ACCOUNTS))
            .distinct()
            .order_by(Account.currency)
        ).scalars()
    )


def _sums(session: Session, brand_id: str, currency: str, before: datetime | None) -> Counter[str]:
    """Credits less debits, by account of a brand: the last copies, and the postings of later periods."""
    copied = last_copied(session, brand_id, currency, until=before)
    sums = copies_of(session, copied, currency) if copied is not None else Counter()
    parameters = {"brand_id": brand_id, "currency": currency, "before": before}
    if copied is not None:
        parameters["after"] = copied.starts_at
    for account, amount in session.execute(_by_account(before is None, copied is None), parameters):
        sums[account] += int(amount)
    return sums


@cache
def _by_account(until_now: bool, from_the_first: bool) -> Select[str, int]:
    """Credits less debits, by account of a brand.

    Parameters: `brand_id`, `currency`; `before` and `after` are the starts of periods that no longer belong
    to it.
    """
    sides = []
    for column, sign in ((Posting.credit_account_id, 1), (Posting.debit_account_id, -1)):
        side = (
            select(column.label("account"), (Posting.amount_minor * sign).label("amount"))
            .join(Transaction, Transaction.id == Posting.transaction_id)
            .join(Period, Period.id == Transaction.period_id)
            .where(Period.brand_id == bindparam("brand_id"), Posting.currency == bindparam("currency"))
        )
        if not until_now:
            side = side.where(Period.starts_at < bindparam("before"))
        if not from_the_first:
            side = side.where(Period.starts_at > bindparam("after"))
        sides.append(side)
    both = union_all(*sides).subquery()
    return select(both.c.account, func.sum(both.c.amount)).group_by(both.c.account)
