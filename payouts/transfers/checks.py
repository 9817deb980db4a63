"""Checks: each payout is the sum of its items, stands in the books once, and none hangs."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from payouts.ledger.balances import subject_balance
from payouts.ledger.checks import Finding
from payouts.ledger.models import Account, Posting, Transaction
from payouts.ledger.rules import SETTLING_KINDS, account_id
from payouts.transfers.models import Attempt, Item, Payout, TransferReversal
from payouts.transfers.states import OPEN
from tracker.money import Money

STUCK_AFTER = timedelta(hours=48)
"""An attempt is asked about every few minutes; one that is open for so long needs a person."""


def payout_faults(session: Session) -> Iterator[Finding]:
    """Amount + carried = items; in transit exactly while open; funding exactly once when paid."""
    for payout in session.execute(select(Payout).order_by(Payout.id)).scalars():
        items = int(
            session.scalar(
                select(func.coalesce(func.sum(Item.amount_minor), 0)).where(
                    Item.payout_id == payout.id, Item.round == payout.round
                )
            )
            or 0
        )
        if items != payout.amount_minor + payout.carried_minor:
            yield _finding(payout, f"is {payout.amount_minor}, but its items make {items}")
        yield from _book_faults(session, payout)


def _book_faults(session: Session, payout: Payout) -> Iterator[Finding]:
    in_transit = subject_balance(session, payout.id, "in_transit")
    expected = payout.amount_minor if payout.state in OPEN else 0
    if in_transit != expected:
        yield _finding(payout, f"is {payout.state}, but {in_transit} of it stand in transit")
    returned = int(
        session.scalar(
            select(func.coalesce(func.sum(TransferReversal.amount_minor), 0)).where(
                TransferReversal.payout_id == payout.id
            )
        )
        or 0
    )
    paid = payout.amount_minor - returned if payout.state in ("paid", "returned") else 0
    if (funded := subject_balance(session, payout.id, "funding")) != paid:
        yield _finding(payout, f"is {payout.state}, but {funded} of it left the funds")
    yield from _attempt_faults(session, payout)


def _attempt_faults(session: Session, payout: Payout) -> Iterator[Finding]:
    """Open exactly while the payout is; paid once, by the transfer that the payout names."""
    attempts = session.execute(select(Attempt).where(Attempt.payout_id == payout.id)).scalars().all()
    transfers = [each.transfer_ref for each in attempts if each.state == "paid"]
    paid_by = [payout.transfer_ref] if payout.state in ("paid", "returned") else []
    if transfers != paid_by or None in transfers:
        yield _finding(payout, f"is {payout.state} by {payout.transfer_ref}, but its attempts are not")
    open_attempts = sum(each.state in ("sending", "unknown") for each in attempts)
    if open_attempts != (payout.state in ("sending", "unknown")):
        yield _finding(payout, f"is {payout.state}, but {open_attempts} of its attempts are open")


def settlement_faults(session: Session) -> Iterator[Finding]:
    """What no payout has settled is what is payable: nothing is forgotten, and nothing can be paid again."""
    payable, unsettled = _payable(session), _unsettled(session)
    for account in sorted(payable.keys() | unsettled.keys()):
        if payable[account] != unsettled[account]:
            yield Finding(
                "payouts",
                account,
                f"The account {account} stands at {payable[account]}, "
                f"but what payouts have not settled makes {unsettled[account]}.",
            )


def _payable(session: Session) -> Counter[str]:
    return _sums(session, Account.kind == "payable")


def _unsettled(session: Session) -> Counter[str]:
    """Entries that are in no live payout, and what live payouts carry that no other one has taken."""
    taken = exists().where(Item.posting_id == Posting.id, Item.live)
    sums = _sums(session, Account.kind == "payable", Transaction.kind.not_in(SETTLING_KINDS), ~taken)
    carried_on = exists().where(Item.carried_from_id == Payout.id, Item.live)
    carrying = select(Payout).where(
        Payout.carried_minor > 0, Payout.state.in_((*OPEN, "paid", "returned")), ~carried_on
    )
    for payout in session.execute(carrying).scalars():
        account = account_id(payout.brand_id, "payable", payout.currency, payout.creator_id)
        sums[account] += payout.carried_minor
    return sums


def _sums(session: Session, *conditions: ColumnElement[bool]) -> Counter[str]:
    """Credits less debits by account."""
    sums: Counter[str] = Counter()
    for side, sign in ((Posting.credit_account_id, 1), (Posting.debit_account_id, -1)):
        rows = session.execute(
            select(side, func.sum(Posting.amount_minor))
            .join(Transaction, Transaction.id == Posting.transaction_id)
            .join(Account, Account.id == side)
            .where(*conditions)
            .group_by(side)
        )
        for account, amount in rows:
            sums[account] += sign * int(amount)
    return sums


def stuck_payouts(session: Session, now: datetime) -> Iterator[Finding]:
    """Attempts whose outcome has been open for two days."""
    rows = session.execute(
        select(Payout)
        .join(Attempt, Attempt.payout_id == Payout.id)
        .where(Attempt.state.in_(("sending", "unknown")), Attempt.first_sent_at < now - STUCK_AFTER)
        .order_by(Payout.id)
    ).scalars()
    for payout in rows:
        amount = Money(payout.amount_minor, payout.currency)
        yield _finding(payout, f"of {amount} was sent, but nobody knows whether it arrived")


def _finding(payout: Payout, what: str) -> Finding:
    return Finding("payouts", payout.id, f"{payout.id} {what}.")
