"""Sums of the entries of `payable`: those that no sent payout has settled, and those that one has."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from payouts.ledger.models import Account, Posting, Transaction
from payouts.ledger.rules import PAYOUT_KINDS, account_id
from payouts.settlement.models import Item, Payout
from payouts.settlement.states import SENT

_OWNER = (Payout.brand_id, Payout.creator_id, Payout.currency)


@dataclass(frozen=True)
class EntrySums:
    """Sums of one account, in minor units.

    `every`: all entries. `open`: entries and remainders that no sent payout has. `sent`: items of sent
    payouts. `carried`: the remainders of these payouts.
    """

    every: int = 0
    open: int = 0
    sent: int = 0
    carried: int = 0

    @property
    def agree(self) -> bool:
        """Whether each entry is either open or in exactly one sent payout."""
        return self.open + self.sent - self.carried == self.every


def entry_sums(session: Session, account: str | None = None) -> Mapping[str, EntrySums]:
    """The sums of each account of the kind `payable`, or only of the account with that id."""
    sent_by = aliased(Payout)
    taken = exists().where(Item.live, Item.payout_id == sent_by.id, sent_by.state.in_(SENT))
    is_entry = Transaction.kind.not_in(PAYOUT_KINDS)
    every = posting_sums(session, is_entry, account=account)
    open_minor = posting_sums(session, is_entry, ~taken.where(Item.posting_id == Posting.id), account=account)
    open_minor.update(_carried(session, account, ~taken.where(Item.carried_from_id == Payout.id)))
    carried, sent = _carried(session, account), _sent(session, account)
    return {
        each: EntrySums(every[each], open_minor[each], sent[each], carried[each])
        for each in every.keys() | open_minor.keys() | sent.keys() | carried.keys()
    }


def posting_sums(
    session: Session, *conditions: ColumnElement[bool], account: str | None = None
) -> Counter[str]:
    """Credits less debits of the accounts of the kind `payable`, by account."""
    sums: Counter[str] = Counter()
    for side, sign in ((Posting.credit_account_id, 1), (Posting.debit_account_id, -1)):
        query = (
            select(side, func.sum(Posting.amount_minor))
            .join(Transaction, Transaction.id == Posting.transaction_id)
            .join(Account, Account.id == side)
            .where(Account.kind == "payable", *conditions)
            .group_by(side)
        )
        for owner, amount in session.execute(query if account is None else query.where(side == account)):
            sums[owner] += sign * int(amount)
    return sums


def _sent(session: Session, account: str | None) -> Counter[str]:
    """Items of the current round of sent payouts, whether they are marked as live or not."""
    items = (
        select(*_OWNER, func.sum(Item.amount_minor))
        .select_from(Payout)
        .join(Item, (Item.payout_id == Payout.id) & (Item.round == Payout.round))
    )
    return _by_account(session, items.where(Payout.state.in_(SENT)), account)


def _carried(session: Session, account: str | None, *conditions: ColumnElement[bool]) -> Counter[str]:
    """Remainders of sent payouts."""
    remainders = select(*_OWNER, func.sum(Payout.carried_minor)).where(Payout.state.in_(SENT), *conditions)
    return _by_account(session, remainders.where(Payout.carried_minor > 0), account)


def _by_account(session: Session, sums: Select[str, str, str, int], account: str | None) -> Counter[str]:
    """`sums` has brand, creator, currency and a sum; limited to the payouts of one account if it is given."""
    if account is not None:
        owner = select(Account.brand_id, Account.creator_id, Account.currency).where(Account.id == account)
        sums = sums.where(tuple_(*_OWNER).in_(owner))
    found = session.execute(sums.group_by(*_OWNER))
    return Counter(
        {
            account_id(brand_id, "payable", currency, creator_id): int(minor)
            for brand_id, creator_id, currency, minor in found
        }
    )
