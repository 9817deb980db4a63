"""Sums of the entries of `payable`: those that no sent payout has settled, and those that one has."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from config.among import among
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
    taken_by = aliased(Payout)
    taken = exists().where(Item.live, Item.payout_id == taken_by.id, taken_by.state.in_(SENT))
    is_sent = Payout.state.in_(SENT)
    postings = posting_sums(session, accounts)
    left = remainders(session, accounts, is_sent, ~taken.where(Item.carried_from_id == Payout.id))
    carried, sent = remainders(session, accounts, is_sent), _sent(session, accounts)
    return {
        each: EntrySums(postings[each].entries, postings[each].unsent + left[each], sent[each], carried[each])
        for each in postings.keys() | left.keys() | sent.keys() | carried.keys()
    }


class PostingSums(NamedTuple):
    """Credits less debits of one account, in minor units.

    `every`: of all postings. `entries`: of those that no payout made itself. `untaken`: of entries in no live
    item of a payout. `unsent`: of entries in no live item of a payout that was sent.
    """

    every: int = 0
    entries: int = 0
    untaken: int = 0
    unsent: int = 0


def posting_sums(session: Session, accounts: Sequence[str]) -> Mapping[str, PostingSums]:
    """The sums of the postings of accounts, by account."""
    sums: dict[str, PostingSums] = defaultdict(PostingSums)
    for side, sign in ((Posting.credit_account_id, 1), (Posting.debit_account_id, -1)):
        for account, *minors in session.execute(_of_side(side), {"accounts": accounts}):
            sums[account] = PostingSums._make(
                old + sign * int(new) for old, new in zip(sums[account], minors, strict=True)
            )
    return sums


@cache
def _of_side(side: InstrumentedAttribute[str]) -> Select[str, int, int, int, int]:
    """Sums of the postings on one side of accounts. Parameter: `accounts`."""
    amount, is_entry = Posting.amount_minor, Transaction.kind.not_in(PAYOUT_KINDS)

    def total(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((and_(*conditions), amount), else_=0))

    untaken, unsent = total(is_entry, Item.id.is_(None)), total(is_entry, Payout.id.is_(None))
    return (
        select(side, func.sum(amount), total(is_entry), untaken, unsent)
        .select_from(Posting)
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .outerjoin(Item, (Item.posting_id == Posting.id) & Item.live)
        .outerjoin(Payout, (Payout.id == Item.payout_id) & Payout.state.in_(SENT))
        .where(among(side, "accounts"))
        .group_by(side)
    )


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
