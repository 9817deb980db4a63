"""Which entries of `payable` a payout settles (docs/money.md 7), and their sum."""

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
"""An amount that has waited this long is paid even if it is below the minimum."""


@dataclass(frozen=True)
class OpenEntry:
    """One open entry of a creator's payable account, or the remainder of an earlier payout.

    Exactly one of `posting_id` and `carried_from_id` is set.
    """

    posting_id: int | None
    carried_from_id: str | None
    amount_minor: int
    since: datetime


@dataclass(frozen=True)
class Selection:
    """The entries that a payout would settle; the amount is floored to the rail's step, the rest carried."""

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
    """Open entries up to the statement's period, and all later negative entries that concern them.

    A later reversal of a commission that was released after the period is left out, because the release is
    not in this payout either. While a commission is held that was paid in part, its open rest is left out,
    and so is the money that was returned from a payout that had paid it.
    `reselected_payout_id` is a payout whose entries are selected again: the ones that it has count as open.
    """
    payable = account_id(brand_id, "payable", currency, creator_id)
    parameters = {"payable": payable, "reselected_payout_id": reselected_payout_id}
    rows = session.execute(_open_postings(reselected_payout_id is not None), parameters).all()
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
    """Entries of an account that are in no payout. Parameters: `payable`, `reselected_payout_id`."""
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
    """Released commissions that are held now, and the payouts that have paid them.

    A commission is in this state when its hold was placed while its money was in a payout.
    """
    has_active_hold = exists().where(Hold.commission_id == Commission.id, Hold.lifted_at.is_(None))
    held = select(Commission.id).where(
        Commission.brand_id == brand_id,
        Commission.creator_id == creator_id,
        Commission.live,
        Commission.matured_at.is_not(None),
        has_active_hold,
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
    """Negative amounts of a held commission still count; only a positive sum has to wait."""
    sum_minor: Counter[str] = Counter()
    for subject, entry in entries:
        sum_minor[subject] += entry.amount_minor
    return [entry for subject, entry in entries if sum_minor[subject] <= 0]


def _first_released_after(session: Session, subjects: set[str], period: Period) -> set[str]:
    """Those of the commissions whose first release belongs to a later period."""
    parameters = {"subjects": list(subjects), "starts_at": period.starts_at}
    return set(session.scalars(_released_after_query(), parameters))


@cache
def _released_after_query() -> Select[str]:
    """Parameters: `subjects`, `starts_at`."""
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
    parameters = {
        "brand_id": brand_id,
        "creator_id": creator_id,
        "currency": currency,
        "reselected_payout_id": reselected_payout_id,
    }
    rows = session.scalars(_remainders_query(reselected_payout_id is not None), parameters)
    return [OpenEntry(None, payout.id, payout.carried_minor, payout.prepared_at) for payout in rows]


@cache
def _remainders_query(reselecting: bool) -> Select[Payout]:
    """Parameters: `brand_id`, `creator_id`, `currency`, `reselected_payout_id`."""
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
