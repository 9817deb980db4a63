"""Sums of the entries of `payable`: those that no sent payout has settled, and those that one has."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, func, select
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


def entry_sums(session: Session, accounts: Sequence[str]) -> Mapping[str, EntrySums]:
    """The sums of these accounts of the kind `payable`. Only rows of their owners are read."""
    sent_by = aliased(Payout)
    taken = exists().where(Item.live, Item.payout_id == sent_by.id, sent_by.state.in_(SENT))
    is_entry = Transaction.kind.not_in(PAYOUT_KINDS)
    every = posting_sums(session, is_entry, accounts=accounts)
    open_minor = posting_sums(
        session, is_entry, ~taken.where(Item.posting_id == Posting.id), accounts=accounts
    )
    is_sent = Payout.state.in_(SENT)
    open_minor.update(remainders(session, accounts, is_sent, ~taken.where(Item.carried_from_id == Payout.id)))
    carried, sent = remainders(session, accounts, is_sent), _sent(session, accounts)
    return {
        each: EntrySums(every[each], open_minor[each], sent[each], carried[each])
        for each in every.keys() | open_minor.keys() | sent.keys() | carried.keys()
    }


def posting_sums(session: Session, *conditions: ColumnElement[bool], accounts: Sequence[str]) -> Counter[str]:
    """Credits less debits of accounts, by account, of the postings that meet the conditions."""
    sums: Counter[str] = Counter()
    for side, sign in ((Posting.credit_account_id, 1), (Posting.debit_account_id, -1)):
        query = (
            select(side, func.sum(Posting.amount_minor))
            .join(Transaction, Transaction.id == Posting.transaction_id)
            .where(side.in_(accounts), *conditions)
            .group_by(side)
        )
        for owner, amount in session.execute(query):
            sums[owner] += sign * int(amount)
    return sums


def remainders(session: Session, accounts: Sequence[str], *conditions: ColumnElement[bool]) -> Counter[str]:
    """What the payouts that meet the conditions carried, by account."""
    carried = select(*_OWNER, func.sum(Payout.carried_minor)).where(Payout.carried_minor > 0, *conditions)
    return _by_account(session, carried, accounts)


def _sent(session: Session, accounts: Sequence[str]) -> Counter[str]:
    """Items of the current round of sent payouts, whether they are marked as live or not."""
    items = (
        select(*_OWNER, func.sum(Item.amount_minor))
        .select_from(Payout)
        .join(Item, (Item.payout_id == Payout.id) & (Item.round == Payout.round))
    )
    return _by_account(session, items.where(Payout.state.in_(SENT)), accounts)


def _by_account(session: Session, sums: Select[str, str, str, int], accounts: Sequence[str]) -> Counter[str]:
    """`sums` has brand, creator, currency and a sum; limited to the payouts of the accounts' owners."""
    creators = set(session.scalars(select(Account.creator_id).where(Account.id.in_(accounts))))
    rows = session.execute(sums.where(Payout.creator_id.in_(creators)).group_by(*_OWNER))
    found: Counter[str] = Counter()
    for brand_id, creator_id, currency, minor in rows:
        found[account_id(brand_id, "payable", currency, creator_id)] = int(minor)
    return Counter({account: found[account] for account in accounts if account in found})
