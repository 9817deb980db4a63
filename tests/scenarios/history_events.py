"""What can happen to a creator in a random history: sales, refunds, disputes, decisions, returns, leaving."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.commissions.models import Commission
from payouts.ledger.manual import book_manually
from payouts.settlement.models import Payout, TransferReversal
from payouts.settlement.returns import record_return
from payouts.statements.decisions.commissions import decline, extend, hold, release
from payouts.statements.decisions.undo import undo
from payouts.statements.models import ReviewDecision
from payouts.statements.removal import remove_and_hold
from payouts.transfers.payees import record_payee_status, register_payee
from payouts.transfers.returned.decisions import Declines, send_again, take_back
from payouts.transfers.stripe.shapes import PayeeStatus
from tests.cast.books import Books, add_creator
from tests.cast.months import Month
from tracker.audit.actors import command_line
from tracker.errors import Conflict, Invalid, NotFound
from tracker.programs.leaving import readmit_creator
from tracker.sales.orders.models import Sale

FIRST_MONTH = Month("2026-10")
PERSON = command_line("test")
REASONS = ("under_review", "returned", "breach", "duplicate")
Action = Callable[["Histories", Books, datetime], None]


@dataclass
class Histories:
    """The brand's creators, and what tests have to know of their histories."""

    books: Books
    rng: random.Random
    members: list[Books] = field(default_factory=list)
    open_disputes: dict[str, int] = field(default_factory=dict)
    """By order: the disputed amount."""
    overpaid: list[str] = field(default_factory=list)
    """Payouts of more than their sealed statement says is owed to the creator."""
    counted: Counter[str] = field(default_factory=Counter)
    """How often each kind of event happened, to see that a campaign is not empty."""

    def number(self, kind: str) -> int:
        self.counted[kind] += 1
        return self.counted[kind]

    def orders_of(self, member: Books) -> list[tuple[str, int]]:
        """Order ids and totals of the sales that are credited to the member."""
        with read_session(self.books.databases.main) as session:
            query = select(Sale.order_id, Sale.total_minor).join(Commission, Commission.sale_id == Sale.id)
            rows = session.execute(query.where(Commission.creator_id == member.creator_id, Commission.live))
            return [(order_id, total) for order_id, total in rows]


def start(books: Books, rng: random.Random, count: int) -> Histories:
    """A brand with `count` creators who can be paid."""
    found = Histories(books, rng)
    for number in range(count):
        member = add_creator(books, f"Creator{number}", connected=False)
        connect_without_provider(member)
        found.members.append(member)
    return found


def connect_without_provider(member: Books) -> None:
    def work(session: Session) -> None:
        owner = {"brand_id": member.brand_id, "creator_id": member.creator_id}
        at = datetime.fromisoformat("2026-09-01T12:00:00+00:00")
        payee = register_payee(session, at, actor=PERSON, **owner, account_ref=f"acct_{member.creator_id}")
        record_payee_status(session, at, payee.id, PayeeStatus(True, None, ()))

    member.write(work)


def sell(found: Histories, member: Books, now: datetime) -> None:
    net = found.rng.choice((3_00, 40_00, 100_00, 333_33, 1000_00, 5000_01))
    order = f"O{found.number('sale')}"
    earlier = timedelta(days=found.rng.choice((0, 0, 0, 1, 5, 20)))
    sold_at = max(now - earlier, FIRST_MONTH.first).isoformat()
    member.report(
        "sale.created",
        member.sale_data(order, net, sold_at, click=member.click(member.link_id, sold_at)),
        order,
        now,
        with_jobs=False,
    )


def refund(found: Histories, member: Books, now: datetime) -> None:
    orders = found.orders_of(member)
    if not orders:
        return
    order, total = found.rng.choice(orders)
    amount = found.rng.choice((total, total // 2, total // 3, 1_00))
    dated = now - timedelta(days=found.rng.choice((0, 0, 0, 2, 9)))
    number = found.number("refund")
    data = {"order_id": order, "refund_id": f"r{number}", "occurred_at": dated.isoformat()}
    data |= {"currency": "EUR", "amount": max(amount, 1)}  # type: ignore[dict-item]
    member.report("refund.created", data, f"r{number}", now, with_jobs=False)


def dispute(found: Histories, member: Books, now: datetime) -> None:
    """Open a dispute about one of the orders, or end one that is open. Some are never ended."""
    orders = found.orders_of(member)
    if not orders:
        return
    order, total = found.rng.choice(orders)
    status = found.rng.choice(("won", "lost")) if order in found.open_disputes else "opened"
    amount = found.open_disputes.pop(order, found.rng.choice((total, total // 2 or 1)))
    if status == "opened":
        found.open_disputes[order] = amount
    number = found.number(f"dispute {status}")
    data = {"order_id": order, "dispute_id": f"dp-{order}", "status": status, "amount": amount}
    data |= {"currency": "EUR", "occurred_at": now.isoformat()}
    member.report("dispute.updated", data, f"dp-{order}-{number}-{status}", now, with_jobs=False)


def decide(found: Histories, member: Books, now: datetime) -> None:
    """A person decides about one of the member's commissions, or undoes a decision, if that is possible."""
    with read_session(member.databases.main) as session:
        query = select(Commission.id).where(Commission.creator_id == member.creator_id, Commission.live)
        ids = list(session.scalars(query.order_by(Commission.id)))
        decided = list(session.scalars(select(ReviewDecision.id).order_by(ReviewDecision.id)))[-5:]
    what = found.rng.choice((hold, hold, release, release, decline, undo, extend))
    if what is undo and decided:
        attempt(found, member, "undo", lambda s: undo(s, now, found.rng.choice(decided), actor=PERSON))
    elif ids and what is not undo:
        about = found.rng.choice(ids)
        fields: dict[str, Any] = {"actor": PERSON}
        if what in (hold, decline):
            fields["reason"] = found.rng.choice(REASONS)
        if what is extend:
            fields |= {"until": (now + timedelta(days=80)).date(), "note": "the shop was asked"}
        attempt(found, member, what.__name__, lambda s: what(s, now, about, **fields))


def attempt(found: Histories, member: Books, kind: str, work: Callable[[Session], Any]) -> None:
    """Do what a person asks for; a refusal changes nothing."""
    try:
        member.write(work)
        found.number(kind)
    except (Conflict, Invalid, NotFound):
        found.number(f"refused {kind}")


def book(found: Histories, member: Books, now: datetime) -> None:
    kind = found.rng.choice(("bonus", "deduction", "flat_fee", "paid_by_hand"))
    amount = found.rng.choice((1_00, 20_00, 60_00))
    if kind == "paid_by_hand" and member.balance().payable_minor < amount:
        return
    owner = {"brand_id": member.brand_id, "creator_id": member.creator_id}
    booking = {"kind": kind, "key": f"{kind} {found.number(kind)}", "amount_minor": amount, "currency": "EUR"}
    member.write(lambda s: book_manually(s, now, **owner, **booking, reason="as agreed"))  # type: ignore[arg-type]


def come_back(found: Histories, member: Books, now: datetime) -> None:
    """A part of a transfer comes back, or all of it."""
    with read_session(member.databases.main) as session:
        query = select(Payout).where(Payout.creator_id == member.creator_id, Payout.state == "paid")
        paid = list(session.scalars(query.order_by(Payout.id)))
        back = Counter({each.payout_id: 0 for each in session.scalars(select(TransferReversal))})
        for each in session.scalars(select(TransferReversal)):
            back[each.payout_id] += each.amount_minor
    if not paid:
        return
    payout = found.rng.choice(paid)
    left = payout.amount_minor - back[payout.id]
    amount = found.rng.choice((left, left // 2 or left))
    number = found.number("return")
    member.write(
        lambda s: record_return(
            s, now, payout_id=payout.id, reversal_ref=f"trr_{number}_{payout.id}", amount_minor=amount
        )
    )


def decide_about_return(found: Histories, member: Books, now: datetime) -> None:
    """Money that came back is sent again, or was taken back; what is not decided waits 14 days."""
    with read_session(member.databases.main) as session:
        query = select(TransferReversal.reversal_ref).join(Payout, Payout.id == TransferReversal.payout_id)
        refs = list(session.scalars(query.where(Payout.creator_id == member.creator_id)))
    if not refs:
        return
    ref = found.rng.choice(refs)
    if found.rng.random() < 0.5:
        attempt(found, member, "send again", lambda s: send_again(s, now, ref, actor=PERSON))
        return
    taken = {"actor": PERSON, "declines": Declines(), "deduct_rest": True}
    attempt(found, member, "take back", lambda s: take_back(s, now, ref, **taken))  # type: ignore[arg-type]


def leave(found: Histories, member: Books, now: datetime) -> None:
    """Few creators leave, are removed for cause, or come back."""
    if found.rng.random() < 0.7:
        return
    owner = {"brand_id": member.brand_id, "creator_id": member.creator_id}
    cause = found.rng.choice((None, "bought followers"))
    if found.rng.random() < 0.3:
        attempt(found, member, "come back", lambda s: readmit_creator(s, now, actor=PERSON, **owner))
    else:
        kind = "remove" if cause else "leave"
        attempt(found, member, kind, lambda s: remove_and_hold(s, now, actor=PERSON, **owner, cause=cause))


ACTIONS: tuple[Action, ...] = (sell, sell, sell, refund, refund, dispute, dispute, decide, decide, book)
ACTIONS += (come_back, decide_about_return, leave)
