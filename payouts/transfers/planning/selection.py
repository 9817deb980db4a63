"""Which entries of `payable` a payout settles (docs/money.md 7), and how much they come to."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from payouts.commissions.models import Commission, Hold
from payouts.ledger.models import Period, Posting, Transaction
from payouts.ledger.rules import PAYOUT_KINDS, account_id
from payouts.settlement.models import Item, Payout
from payouts.transfers.stripe.amounts import floor_to_rail_step

MINIMUM_WAIVED_AFTER = timedelta(days=365)
"""An amount that waited this long is paid even below the minimum."""


@dataclass(frozen=True)
class OpenEntry:
    """One unsettled entry of a creator's payable account, or the remainder of an earlier payout."""

    posting_id: int | None
    carried_from_id: str | None
    amount_minor: int
    since: datetime


@dataclass(frozen=True)
class Selection:
    """What a payout would settle, and what it would send: floored to the rail's step, the rest carried."""

    entries: tuple[OpenEntry, ...]
    currency: str

    @property
    def total_minor(self) -> int:
        return sum(entry.amount_minor for entry in self.entries)

    @property
    def amount_minor(self) -> int:
        return floor_to_rail_step(self.total_minor, self.currency) if self.total_minor > 0 else 0

    @property
    def carried_minor(self) -> int:
        return self.total_minor - self.amount_minor

    def waited_too_long(self, now: datetime) -> bool:
        positive = [entry.since for entry in self.entries if entry.amount_minor > 0]
        return bool(positive) and now - min(positive) >= MINIMUM_WAIVED_AFTER


def select_entries(
    session: Session,
    brand_id: str,
    creator_id: str,
    currency: str,
    period: Period,
    *,
    reselected_payout_id: str | None = None,
) -> Selection:
    """Unsettled entries up to the statement's period, and every later negative one that concerns them.

    A later reversal of a commission that matured after the period is left out: what it takes back is not in
    this payout either. What is unsettled of a commission that was settled in part is left out while a hold
    stands on it, and so is what came back of a payout that had paid it.
    `reselected_payout_id` is a payout that chooses anew: what it has taken counts as unsettled.
    """
    payable = account_id(brand_id, "payable", currency, creator_id)
    asked = {"payable": payable, "reselected_payout_id": reselected_payout_id}
    rows = session.execute(_open_postings(reselected_payout_id is not None), asked).all()
    released_later = _first_released_after(session, {row[1].subject_id for row in rows}, period)
    held = _held_and_payable(session, brand_id, creator_id)
    entries, held_entries = [], []
    for posting, transaction, posted_in in rows:
        amount = posting.amount_minor if posting.credit_account_id == payable else -posting.amount_minor
        later = posted_in.starts_at > period.starts_at
        if later and (amount > 0 or transaction.subject_id in released_later):
            continue
        entry = OpenEntry(posting.id, None, amount, transaction.effective_at)
        if transaction.subject_id in held:
            held_entries.append((transaction.subject_id, entry))
        else:
            entries.append(entry)
    entries += _without_held(held_entries)
    entries += _remainders(session, brand_id, creator_id, currency, reselected_payout_id)
    return Selection(tuple(entries), currency)


@cache
def _open_postings(reselecting: bool) -> Select[Posting, Transaction, Period]:
    """Entries of an account that are in no payout. To be asked with `payable` and `reselected_payout_id`."""
    payable: BindParameter[str] = bindparam("payable")
    taken = exists().where(Item.posting_id == Posting.id, Item.live, *_not_of_payout(reselecting))
    return (
        select(Posting, Transaction, Period)
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .join(Period, Period.id == Transaction.period_id)
        .where(
            or_(Posting.debit_account_id == payable, Posting.credit_account_id == payable),
            Transaction.kind.not_in(PAYOUT_KINDS),
            ~taken,
        )
        .order_by(Posting.id)
    )


def _not_of_payout(reselecting: bool) -> list[ColumnElement[bool]]:
    return [Item.payout_id != bindparam("reselected_payout_id")] if reselecting else []


def _held_and_payable(session: Session, brand_id: str, creator_id: str) -> set[str]:
    """Commissions whose hold came when money of them was with the rail, and payouts that have paid them."""
    standing = exists().where(Hold.commission_id == Commission.id, Hold.lifted_at.is_(None))
    held = select(Commission.id).where(
        Commission.brand_id == brand_id,
        Commission.creator_id == creator_id,
        Commission.live,
        Commission.matured_at.is_not(None),
        standing,
    )
    commissions = set(session.scalars(held))
    if not commissions:
        return set()
    paid_by = (
        select(Item.payout_id)
        .join(Posting, Posting.id == Item.posting_id)
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .where(Item.live, Transaction.subject_id.in_(commissions))
    )
    return commissions.union(session.scalars(paid_by))


def _without_held(entries: list[tuple[str, OpenEntry]]) -> list[OpenEntry]:
    """Negative amounts of a held commission still count: only a positive remainder waits."""
    rest: Counter[str] = Counter()
    for subject, entry in entries:
        rest[subject] += entry.amount_minor
    return [entry for subject, entry in entries if rest[subject] <= 0]


def _first_released_after(session: Session, subjects: set[str], period: Period) -> set[str]:
    """Of these commissions, those whose first release counts for a later period than this one."""
    asked = {"subjects": list(subjects), "starts_at": period.starts_at}
    return set(session.scalars(_released_after_query(), asked))


@cache
def _released_after_query() -> Select[str]:
    """To be asked with `subjects` and `starts_at`."""
    released_in = aliased(Period)
    return (
        select(Transaction.subject_id)
        .join(released_in, released_in.id == Transaction.period_id)
        .where(
            Transaction.subject_id.in_(bindparam("subjects", expanding=True)), Transaction.kind == "mature"
        )
        .group_by(Transaction.subject_id)
        .having(func.min(released_in.starts_at) > bindparam("starts_at"))
    )


def _remainders(
    session: Session, brand_id: str, creator_id: str, currency: str, reselected_payout_id: str | None
) -> list[OpenEntry]:
    asked = {
        "brand_id": brand_id,
        "creator_id": creator_id,
        "currency": currency,
        "reselected_payout_id": reselected_payout_id,
    }
    rows = session.scalars(_remainders_query(reselected_payout_id is not None), asked)
    return [OpenEntry(None, payout.id, payout.carried_minor, payout.prepared_at) for payout in rows]


@cache
def _remainders_query(reselecting: bool) -> Select[Payout]:
    """To be asked with `brand_id`, `creator_id`, `currency` and `reselected_payout_id`."""
    taken = exists().where(Item.carried_from_id == Payout.id, Item.live, *_not_of_payout(reselecting))
    return (
        select(Payout)
        .where(
            Payout.brand_id == bindparam("brand_id"),
            Payout.creator_id == bindparam("creator_id"),
            Payout.currency == bindparam("currency"),
            Payout.carried_minor > 0,
            Payout.state.in_(("paid", "returned")),
            ~taken,
        )
        .order_by(Payout.id)
    )
