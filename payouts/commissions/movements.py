"""The postings of a commission by period, and the part of it that is open: in no payout that was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, ScalarSelect, Select, bindparam, case, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from config.among import among
from payouts.commissions.models import Entry
from payouts.commissions.positions import OPPOSITES, Movement
from payouts.ledger.balances import subject_balances
from payouts.ledger.models import Period, Posting, Transaction
from payouts.settlement.models import Item, Payout, TransferReversal
from payouts.settlement.states import SENT

_PENDING = case(
    (Transaction.kind.in_(("accrue", "reinstate_held", "hold")), Posting.amount_minor),
    (Transaction.kind.in_(("reverse_held", "mature")), -Posting.amount_minor),
    else_=0,
)
_PAYABLE = case(
    (Transaction.kind.in_(("reinstate_payable", "mature")), Posting.amount_minor),
    (Transaction.kind.in_(("reverse_payable", "hold")), -Posting.amount_minor),
    else_=0,
)
_RELEASED = case(
    (Transaction.kind == "mature", Posting.amount_minor),
    (Transaction.kind == "hold", -Posting.amount_minor),
    else_=0,
)
COMMISSION_KINDS = ("accrue", *OPPOSITES)


def movements_of_commission(session: Session, commission_id: str) -> dict[datetime, Movement]:
    """By start of period, what its postings changed there."""
    return movements_of_commissions(session, [commission_id]).get(commission_id, {})


def movements_of_commissions(
    session: Session, commission_ids: Sequence[str]
) -> dict[str, dict[datetime, Movement]]:
    """By commission and start of period: what its postings changed there."""
    found: dict[str, dict[datetime, Movement]] = {}
    rows = session.execute(_by_period(), {"commission_ids": commission_ids})
    for commission_id, starts_at, held, owed, out in rows:
        found.setdefault(commission_id, {})[starts_at] = Movement(int(held), int(owed), int(out))
    return found


def pending_sum() -> ColumnElement[int]:
    """What postings of commissions change of what is held, for a query that groups them."""
    return func.sum(_PENDING)


def pending_by_period() -> Select[str, datetime, str, str, int]:
    """What each period changed of what is held of each commission, with the id and name of the period."""
    return (
        select(
            Transaction.subject_id,
            Period.starts_at,
            Period.id.label("period_id"),
            Period.name,
            func.sum(_PENDING).label("pending_minor"),
        )
        .join(Transaction, Transaction.period_id == Period.id)
        .join(Posting, Posting.transaction_id == Transaction.id)
        .where(Transaction.kind.in_(COMMISSION_KINDS))
        .group_by(Transaction.subject_id, Period.starts_at, Period.id, Period.name)
    )


def open_movements(session: Session, commission_id: str) -> dict[datetime, Movement]:
    """As `movements_of_commission`, but of `payable` only what is open."""
    moved = movements_of_commission(session, commission_id)
    rows = session.execute(_open_by_period(), {"commission_id": commission_id})
    opened = {starts_at: int(amount) for starts_at, amount in rows}
    return {
        starts_at: Movement(each.pending_minor, opened.get(starts_at, 0), each.released_minor)
        for starts_at, each in moved.items()
    }


def open_minor(session: Session, commission_id: str) -> int:
    """What the commission still has in `payable`, in minor units; below 0 when the creator owes of it."""
    return sum(
        int(amount) for _, amount in session.execute(_open_by_period(), {"commission_id": commission_id})
    )


def not_held_minor(session: Session, commission_id: str) -> int:
    """What the commission is worth, less what of it is held."""
    worth = -subject_balances(session, [commission_id], "commission_expense")[commission_id]
    return worth - subject_balances(session, [commission_id], "pending")[commission_id]


@cache
def _by_period() -> Select[str, datetime, int, int, int]:
    """Parameter: `commission_ids`."""
    sums = (func.sum(_PENDING), func.sum(_PAYABLE), func.sum(_RELEASED))
    return (
        select(Transaction.subject_id, Period.starts_at, *sums)
        .join(Period, Period.id == Transaction.period_id)
        .join(Posting, Posting.transaction_id == Transaction.id)
        .where(among(Transaction.subject_id, "commission_ids"))
        .group_by(Transaction.subject_id, Period.starts_at)
    )


@cache
def _open_by_period() -> Select[datetime, int]:
    """What the commission's open entries of `payable` sum up to, by period. Parameter: `commission_id`."""
    return (
        select(Period.starts_at, func.sum(_PAYABLE))
        .join(Transaction, Transaction.period_id == Period.id)
        .join(Posting, Posting.transaction_id == Transaction.id)
        .where(Transaction.subject_id == bindparam("commission_id"), ~_sent(), ~_of_returned())
        .group_by(Period.starts_at)
    )


def _of_returned() -> ColumnElement[bool]:
    """Entries that move money which came back of a payout belong to that payout."""
    return exists().where(
        Entry.commission_id == Transaction.subject_id,  # by the index of a commission's entries
        Entry.transaction_id == Transaction.id,
        Entry.returned_from.is_not(None),
    )


def _sent() -> ColumnElement[bool]:
    """A payout that is only prepared selects its entries again before it is sent: they are open."""
    return exists().where(
        Item.posting_id == Posting.id,
        Item.live,
        Payout.id == Item.payout_id,
        Payout.state.in_(SENT),
    )


def open_minor_of(commission_id: InstrumentedAttribute[str]) -> ScalarSelect[int]:
    """`open_minor` as an expression, for a column with the ids of commissions."""
    return (
        select(func.coalesce(func.sum(_PAYABLE), 0))
        .select_from(Transaction)
        .join(Posting, Posting.transaction_id == Transaction.id)
        .where(Transaction.subject_id == commission_id, ~_sent(), ~_of_returned())
        .scalar_subquery()
    )


def came_back_open(commission_id: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether a payout that had paid the commission came back and that money is in no sent payout."""
    settled = aliased(Item)
    own, back = aliased(Posting), aliased(Posting)
    paid, returned = aliased(Transaction), aliased(Transaction)
    resent = exists().where(Item.posting_id == back.id, Item.live)
    return (
        exists()
        .where(settled.live, settled.posting_id == own.id)
        .where(own.transaction_id == paid.id, paid.subject_id == commission_id)
        .where(returned.subject_id == settled.payout_id, returned.kind == "transfer_reversed")
        .where(back.transaction_id == returned.id, ~resent)
    )


def settled_by_commission(session: Session, commission_ids: Sequence[str]) -> dict[str, int]:
    """By commission: the part that is with the rail, or may be, in minor units. Missing: nothing."""
    if not commission_ids:
        return {}
    rows = session.execute(_settled_query(), {"commission_ids": commission_ids})
    return {commission_id: int(amount) for commission_id, amount in rows}


@cache
def _settled_query() -> Select[str, int]:
    """Sums of items in payouts that were sent and not returned. Parameter: `commission_ids`."""
    return (
        select(Transaction.subject_id, func.sum(Item.amount_minor))
        .join(Posting, Posting.transaction_id == Transaction.id)
        .join(Item, Item.posting_id == Posting.id)
        .join(Payout, Payout.id == Item.payout_id)
        .where(among(Transaction.subject_id, "commission_ids"))
        .where(Item.live, Payout.state.not_in(("prepared", "returned")))
        .group_by(Transaction.subject_id)
    )


@dataclass(frozen=True)
class ReturnedPart:
    """Money of a commission that came back with its payout and is open again, in minor units."""

    payout_id: str
    amount_minor: int


def returned_parts(session: Session, commission_id: str) -> Sequence[ReturnedPart]:
    """What can be held of the money that came back of the payouts that had paid the commission.

    For each payout at most what it had paid of the commission, less what was held of that before, and at most
    what is open of all that came back.
    """
    paid = session.execute(_paid_by_returned_payouts(), {"commission_id": commission_id}).all()
    if not paid:
        return []
    taken = taken_from_returned(session, commission_id)
    parts = []
    for payout_id, paid_minor in paid:
        left = int(paid_minor) - taken.get(payout_id, 0)
        amount = min(left, _open_of_returned(session, payout_id))
        if amount > 0:
            parts.append(ReturnedPart(payout_id, amount))
    return parts


@cache
def _paid_by_returned_payouts() -> Select[str, int]:
    """By payout of which money came back: what it had paid of a commission. Parameter: `commission_id`."""
    came_back = exists().where(TransferReversal.payout_id == Item.payout_id)
    return (
        select(Item.payout_id, func.sum(Item.amount_minor))
        .join(Posting, Posting.id == Item.posting_id)
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .where(Item.live, Transaction.subject_id == bindparam("commission_id"), came_back)
        .group_by(Item.payout_id)
        .order_by(Item.payout_id)
    )


def taken_from_returned(session: Session, commission_id: str) -> dict[str, int]:
    """By payout: how much of the money that came back of it the commission's holds and declines took."""
    rows = session.execute(_taken_from_returned(), {"commission_id": commission_id})
    return {payout_id: int(amount) for payout_id, amount in rows if payout_id is not None}


@cache
def _taken_from_returned() -> Select[str | None, int]:
    """Parameter: `commission_id`."""
    return (
        select(Entry.returned_from, func.sum(-_PAYABLE))
        .join(Transaction, Transaction.id == Entry.transaction_id)
        .join(Posting, Posting.transaction_id == Transaction.id)
        .where(Entry.commission_id == bindparam("commission_id"), Entry.returned_from.is_not(None))
        .group_by(Entry.returned_from)
    )


def _open_of_returned(session: Session, payout_id: str) -> int:
    """What is open of the money that came back of a payout."""
    return sum(int(session.scalar(query, {"payout_id": payout_id}) or 0) for query in _returned_queries())


@cache
def _returned_queries() -> tuple[Select[int], Select[int]]:
    """What came back and is open; what entries moved of it and is open. Parameter: `payout_id`."""
    back = (
        select(func.sum(Posting.amount_minor))
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .where(
            Transaction.subject_id == bindparam("payout_id"),
            Transaction.kind == "transfer_reversed",
            ~_sent(),
        )
    )
    moved = (
        select(func.sum(_PAYABLE))
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .join(Entry, Entry.transaction_id == Transaction.id)
        .where(Entry.returned_from == bindparam("payout_id"), ~_sent())
    )
    return back, moved
