"""Checks: each payout is the sum of its items, is in the books once, and none is stuck."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from payouts.ledger.balances import subject_balances
from payouts.ledger.checks import Finding
from payouts.settlement.models import Attempt, Item, Payout, TransferReversal
from payouts.settlement.open_entries import entry_sums, posting_sums, remainders
from payouts.settlement.states import OPEN
from tracker.money import Money

STUCK_AFTER = timedelta(hours=48)
"""Open attempts are looked up every few minutes; one that is open for longer than this needs a person."""


def payout_faults(session: Session, ids: list[str]) -> Iterator[Finding]:
    """Amount + carried = items; in transit exactly while open; taken from `funding` exactly once if paid."""
    data = _load_page_data(session, ids)
    for payout in session.scalars(select(Payout).where(Payout.id.in_(ids)).order_by(Payout.id)):
        items = data.items[payout.id]
        if items != payout.amount_minor + payout.carried_minor:
            yield _finding(payout, f"is {payout.amount_minor}, but its items sum to {items}")
        yield from _book_faults(data, payout)
        yield from _attempt_faults(data, payout)


@dataclass(frozen=True)
class _PageData:
    """Data about the payouts of one page, by payout id; amounts in minor units."""

    items: Mapping[str, int]
    in_transit: Mapping[str, int]
    funding: Mapping[str, int]
    returned: Mapping[str, int]
    attempts: Mapping[str, list[Attempt]]


def _load_page_data(session: Session, ids: list[str]) -> _PageData:
    items = (
        select(Item.payout_id, func.sum(Item.amount_minor))
        .join(Payout, (Payout.id == Item.payout_id) & (Payout.round == Item.round))
        .where(Item.payout_id.in_(ids))
        .group_by(Item.payout_id)
    )
    returned = (
        select(TransferReversal.payout_id, func.sum(TransferReversal.amount_minor))
        .where(TransferReversal.payout_id.in_(ids))
        .group_by(TransferReversal.payout_id)
    )
    attempts: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in session.scalars(select(Attempt).where(Attempt.payout_id.in_(ids))):
        attempts[attempt.payout_id].append(attempt)
    return _PageData(
        items=Counter({payout_id: int(amount) for payout_id, amount in session.execute(items)}),
        in_transit=subject_balances(session, ids, "in_transit"),
        funding=subject_balances(session, ids, "funding"),
        returned=Counter({str(payout_id): int(amount) for payout_id, amount in session.execute(returned)}),
        attempts=attempts,
    )


def _book_faults(data: _PageData, payout: Payout) -> Iterator[Finding]:
    in_transit = data.in_transit[payout.id]
    expected = payout.amount_minor if payout.state in OPEN else 0
    if in_transit != expected:
        yield _finding(payout, f"is {payout.state}, but {in_transit} of it is in transit")
    paid = payout.amount_minor - data.returned[payout.id] if payout.state in ("paid", "returned") else 0
    if (funded := data.funding[payout.id]) != paid:
        yield _finding(payout, f"is {payout.state}, but {funded} of it left the funding account")


def _attempt_faults(data: _PageData, payout: Payout) -> Iterator[Finding]:
    """One attempt is open while the payout is sending or unknown, otherwise none.

    One attempt is paid, by the payout's transfer, when the payout is paid or returned, otherwise none.
    """
    attempts = data.attempts[payout.id]
    transfers = [each.transfer_ref for each in attempts if each.state == "paid"]
    paid_by = [payout.transfer_ref] if payout.state in ("paid", "returned") else []
    if transfers != paid_by or None in transfers:
        yield _finding(payout, f"is {payout.state} by {payout.transfer_ref}, but its attempts say otherwise")
    open_attempts = sum(each.state in ("sending", "unknown") for each in attempts)
    if open_attempts != (payout.state in ("sending", "unknown")):
        yield _finding(payout, f"is {payout.state}, but {open_attempts} of its attempts are open")


def settlement_faults(session: Session, accounts: Sequence[str]) -> Iterator[Finding]:
    """Open postings sum to the payable balance: nothing is forgotten, and nothing can be paid twice."""
    postings = posting_sums(session, accounts)
    carried_by_other = exists().where(Item.carried_from_id == Payout.id, Item.live)
    reserved = Payout.state.in_((*OPEN, "paid", "returned"))
    left = remainders(session, accounts, reserved, ~carried_by_other)
    for account in sorted(postings.keys() | left.keys()):
        payable_minor, open_minor = postings[account].every, postings[account].untaken + left[account]
        if payable_minor != open_minor:
            yield Finding(
                "payouts",
                account,
                f"The balance of {account} is {payable_minor}, "
                f"but its open postings and remainders sum to {open_minor}.",
            )


def entry_faults(session: Session, accounts: Sequence[str]) -> Iterator[Finding]:
    """Each entry is open or in one sent payout: open entries + items of sent payouts = all entries."""
    for account, sums in sorted(entry_sums(session, accounts).items()):
        if not sums.agree:
            yield Finding(
                "payouts",
                account,
                f"The entries of {account} sum to {sums.every}, but the open ones to {sums.open} and those "
                f"of sent payouts to {sums.sent}, of which {sums.carried} are carried.",
            )


def stuck_payouts(session: Session, now: datetime) -> Iterator[Finding]:
    """Payouts with an attempt whose outcome has been unknown for two days."""
    rows = session.execute(
        select(Payout)
        .join(Attempt, Attempt.payout_id == Payout.id)
        .where(Attempt.state.in_(("sending", "unknown")), Attempt.first_sent_at < now - STUCK_AFTER)
        .order_by(Payout.id)
    ).scalars()
    for payout in rows:
        amount = Money(payout.amount_minor, payout.currency)
        yield _finding(payout, f"of {amount} was sent, but it is still unknown whether it arrived")


def _finding(payout: Payout, what: str) -> Finding:
    return Finding("payouts", payout.id, f"{payout.id} {what}.")
