"""Reads a creator's open entries of `payable`, from which a payout chooses (docs/money.md 7)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from payouts.commissions.models import Commission, Entry, Hold
from payouts.ledger.models import Account, Period, Posting, Transaction
from payouts.ledger.rules import PAYOUT_KINDS, account_id
from payouts.settlement.models import Item, Payout
from payouts.settlement.returns import RETURN_KEY, waiting_reversals
from payouts.statements.models import Statement
from payouts.transfers.planning.rules import OpenEntry, Selection, choose, remainder_of, subject_of


def select_entries(
    session: Session,
    now: datetime,
    brand_id: str,
    creator_id: str,
    currency: str,
    period: Period,
    *,
    reselected_payout_id: str | None = None,
) -> Selection:
    """The open entries that a payout of the period's statement settles.

    `reselected_payout_id` is a payout whose entries are selected again: the ones that it has count as open.
    """
    payable = account_id(brand_id, "payable", currency, creator_id)
    reselecting = reselected_payout_id is not None
    parameters = {
        "payable": payable,
        "starts_at": period.starts_at,
        "reselected_payout_id": reselected_payout_id,
    }
    rows = session.execute(_open_postings(reselecting), parameters).all()
    waiting = _waiting_among(session, now, rows)
    entries = [_entry(row, payable, row.Transaction.event_key in waiting) for row in rows]
    owner = {"brand_id": brand_id, "creator_id": creator_id, "currency": currency}
    remainders = session.scalars(
        _remainders_query(reselecting), owner | {"reselected_payout_id": reselected_payout_id}
    )
    entries += [
        OpenEntry(None, payout.id, payout.carried_minor, payout.prepared_at, remainder_of(payout.id))
        for payout in remainders
    ]
    return choose(entries, currency)


def creators_with_open_entries(session: Session, statement: Statement) -> Sequence[str]:
    """Creators of whom some posting or remainder is in no live payout, in the order of their ids.

    Without those whose payout of the statement was made and has not failed: their entries, which are most of
    the history, are not read.
    """
    brand_id, currency = statement.brand_id, statement.currency
    has_payout = exists().where(
        Payout.statement_id == statement.id, Payout.creator_id == Account.creator_id, Payout.state != "failed"
    )
    taken = exists().where(Item.posting_id == Posting.id, Item.live)
    of_postings = (
        select(Account.creator_id)
        .join(Posting, or_(Posting.debit_account_id == Account.id, Posting.credit_account_id == Account.id))
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .where(
            Account.brand_id == brand_id,
            Account.currency == currency,
            Account.kind == "payable",
            Transaction.kind.not_in(PAYOUT_KINDS),
            ~taken,
            ~has_payout,
        )
    )
    carrying = select(Payout.creator_id).where(
        Payout.brand_id == brand_id, Payout.currency == currency, *_carries_open_remainder()
    )
    return sorted({*session.scalars(of_postings.distinct()), *session.scalars(carrying)})


def _entry(row: Any, payable: str, waits: bool) -> OpenEntry:
    posting, transaction = row.Posting, row.Transaction
    subject = subject_of(
        transaction.kind, transaction.id, transaction.subject_id, transaction.inputs, row.returned_from
    )
    return OpenEntry(
        posting_id=posting.id,
        carried_from_id=None,
        amount_minor=(1 if posting.credit_account_id == payable else -1) * posting.amount_minor,
        since=transaction.effective_at,
        subject=subject,
        later=bool(row.later),
        held=bool(row.held) and subject.key == transaction.subject_id,
        waits=waits,
    )


def _waiting_among(session: Session, now: datetime, rows: Sequence[Any]) -> Collection[str]:
    """The event keys of returns that nobody decided about and that wait."""
    returns = [row.Transaction.event_key for row in rows if row.Transaction.kind == "transfer_reversed"]
    if not returns:
        return ()
    refs = [event_key.removeprefix(RETURN_KEY) for event_key in returns]
    return {RETURN_KEY + ref for ref in waiting_reversals(session, now, refs)}


@cache
def _open_postings(reselecting: bool) -> Select[Posting, Transaction, bool, bool, str | None]:
    """Entries of an account that are in no live payout.

    Parameters: `payable`, `starts_at`, the start of the statement's period, and `reselected_payout_id`.
    """
    payable: BindParameter[str] = bindparam("payable")
    taken = exists().where(Item.posting_id == Posting.id, Item.live, *_not_of_payout(reselecting))
    return (
        select(
            Posting,
            Transaction,
            (Period.starts_at > bindparam("starts_at")).label("later"),
            _is_held().label("held"),
            _returned_from().label("returned_from"),
        )
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .join(Period, Period.id == Transaction.period_id)
        .where(
            or_(Posting.debit_account_id == payable, Posting.credit_account_id == payable),
            Transaction.kind.not_in(PAYOUT_KINDS),
            ~taken,
        )
        .order_by(Posting.id)
    )


def _is_held() -> ColumnElement[bool]:
    """The transaction is about a commission with an open hold.

    A hold moves its money before a payout is prepared or sent; this is for what it could not move.
    """
    return exists().where(
        Commission.id == Transaction.subject_id,
        Commission.live,
        Hold.commission_id == Commission.id,
        Hold.lifted_at.is_(None),
    )


def _returned_from() -> ColumnElement[str | None]:
    """The payout whose returned money the transaction moves, if it does."""
    own = select(Entry.returned_from).where(
        Entry.commission_id == Transaction.subject_id,
        Entry.transaction_id == Transaction.id,
        Entry.returned_from.is_not(None),
    )
    return own.limit(1).scalar_subquery()


def _not_of_payout(reselecting: bool) -> list[ColumnElement[bool]]:
    return [Item.payout_id != bindparam("reselected_payout_id")] if reselecting else []


@cache
def _remainders_query(reselecting: bool) -> Select[Payout]:
    """Parameters: `brand_id`, `creator_id`, `currency`, `reselected_payout_id`."""
    return (
        select(Payout)
        .where(
            Payout.brand_id == bindparam("brand_id"),
            Payout.creator_id == bindparam("creator_id"),
            Payout.currency == bindparam("currency"),
            *_carries_open_remainder(reselecting),
        )
        .order_by(Payout.id)
    )


def _carries_open_remainder(reselecting: bool = False) -> list[ColumnElement[bool]]:
    """Conditions on a payout. Parameter: `reselected_payout_id`."""
    taken = exists().where(Item.carried_from_id == Payout.id, Item.live, *_not_of_payout(reselecting))
    return [Payout.carried_minor > 0, Payout.state.in_(("paid", "returned")), ~taken]
