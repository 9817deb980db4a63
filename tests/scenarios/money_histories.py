"""Random histories of creators: what is earned, taken back, held, decided, paid and returned.

Months of random events are followed by two years of silence, in which only the jobs run. All creators of a
brand share its periods; each has a history of their own. The payment provider is not asked: its outcomes are
recorded as the payout run records them.
"""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.commissions.adjustment import enter_pending_reports
from payouts.commissions.holds.ending import end_holds
from payouts.commissions.holds.of_disputes import disputes_to_ask, enter_answer
from payouts.commissions.models import Commission
from payouts.ledger.manual import book_manually
from payouts.settlement.models import Attempt, Payout, TransferReversal
from payouts.settlement.returns import record_return
from payouts.statements.decisions.commissions import decline, extend, hold, release
from payouts.statements.decisions.undo import undo
from payouts.statements.models import ReviewDecision, SealedDocument
from payouts.statements.removal import remove_and_hold
from payouts.transfers.payees import record_payee_status, register_payee
from payouts.transfers.planning.preparation import plans_of, prepare, reselect
from payouts.transfers.returned.decisions import Declines, send_again, take_back
from payouts.transfers.sending.attempts import begin_attempt, record_outcome
from payouts.transfers.stripe.outcome import Outcome
from payouts.transfers.stripe.shapes import PayeeStatus
from tests.cast.books import Books, add_creator
from tests.cast.months import Month
from tracker.errors import Conflict, Invalid, NotFound
from tracker.people.actors import command_line
from tracker.programs.leaving import readmit_creator
from tracker.sales.orders.models import Sale

FIRST_MONTH = Month("2026-10")
ACTIVE_MONTHS, SILENT_MONTHS = 4, 24
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
        payee = register_payee(session, at, **owner, account_ref=f"acct_{member.creator_id}")
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
        attempt(found, member, "come back", lambda s: readmit_creator(s, now, **owner))
    else:
        kind = "remove" if cause else "leave"
        attempt(found, member, kind, lambda s: remove_and_hold(s, now, **owner, cause=cause))


ACTIONS: tuple[Action, ...] = (sell, sell, sell, refund, refund, dispute, dispute, decide, decide, book)
ACTIONS += (come_back, decide_about_return, leave)


def play(found: Histories) -> None:
    """The active months, then the silent ones. Each ends with its close, review, seal and payday."""
    month = FIRST_MONTH
    for number in range(ACTIVE_MONTHS + SILENT_MONTHS):
        active = number < ACTIVE_MONTHS
        if active:
            for day in (11, 16, 20, 25):
                act(found, month.first + timedelta(days=day))
        silent = number - ACTIVE_MONTHS
        end_month(found, month, active=active, with_payday=silent < 8 or silent in (12, SILENT_MONTHS - 1))
        month = Month(f"{month.after:%Y-%m}")


def act(found: Histories, now: datetime) -> None:
    """Some of the creators have events; then the jobs run."""
    for member in found.members:
        for _ in range(found.rng.choice((0, 0, 1, 2))):
            now += timedelta(seconds=1)
            found.rng.choice(ACTIONS)(found, member, now)
    run_jobs(found, now + timedelta(minutes=1))


def run_jobs(found: Histories, now: datetime) -> None:
    """The jobs of commissions. The provider says nothing about disputes that nobody ends."""
    keys = found.books.settings.secret_keys
    with read_session(found.books.databases.main) as session:
        due = disputes_to_ask(session, now)
    for dispute in due:
        found.number("dispute asked")
        found.books.write(lambda s, d=dispute: enter_answer(s, now, d, None, keys=keys))
    while ended := found.books.write(lambda s: end_holds(s, now, 100)):
        found.counted["hold ended"] += ended
    found.books.run_jobs(now)


def end_month(found: Histories, month: Month, *, active: bool, with_payday: bool) -> None:
    """Nothing is due for most of the silence: then only the statements are sealed, for the sake of time."""
    books = found.books
    books.end(month.name, month.closing)
    if active:
        act(found, month.after + timedelta(days=found.rng.randrange(2, 6)))
    books.approve(month.name, month.approval)
    if active:
        act(found, month.after + timedelta(days=7, hours=20))
    if not with_payday:
        return
    resolve_unknown(found, month.after + timedelta(days=8))
    pay(found, month.after + timedelta(days=8, hours=12), certain=not active)
    resolve_unknown(found, month.after + timedelta(days=9, hours=13))
    if not active:
        run_jobs(found, month.after + timedelta(days=20))


def pay(found: Histories, now: datetime, *, certain: bool) -> None:
    """Prepare and send what the sealed statement authorises. `certain`: no transfer fails."""
    books = found.books
    books.write(lambda s: enter_pending_reports(s, now, books.brand_id))
    with read_session(books.databases.main) as session:
        plans = [each for each in plans_of(session, now, books.brand_id, early=False) if each.block is None]
    for plan in plans:
        books.write(lambda s, p=plan: prepare(s, now, p.statement_id, p.creator_id))
    with read_session(books.databases.main) as session:
        query = select(Payout.id).where(Payout.brand_id == books.brand_id, Payout.state == "prepared")
        prepared = list(session.scalars(query.order_by(Payout.id)))
    for payout_id in prepared:
        send(
            found,
            payout_id,
            now,
            "paid" if certain else found.rng.choice(("paid",) * 8 + ("failed", "unknown")),
        )


def send(found: Histories, payout_id: str, now: datetime, kind: Any) -> None:
    def begin(session: Session) -> Attempt | None:
        if reselect(session, now, payout_id).state != "prepared":
            return None
        return begin_attempt(session, now, payout_id, "2026-10-01")

    begun = found.books.write(begin)
    if begun is None:
        found.number("payout cancelled")
        return
    require_authorised(found, payout_id)
    found.number(f"payout {kind}")
    outcome = Outcome(kind, transfer_ref=f"tr_{begun.id}" if kind == "paid" else None, code=None)
    found.books.write(lambda s: record_outcome(s, now, begun, outcome))


def require_authorised(found: Histories, payout_id: str) -> None:
    """A payout is at most what its statement says is payable or under way, at the end of its period."""
    with read_session(found.books.databases.main) as session:
        payout = session.get_one(Payout, payout_id)
        document = json.loads(session.get_one(SealedDocument, payout.statement_id).body)
    parts = {part["creator"]["id"]: part["closing_split"] for part in document["creators"]}
    split = parts.get(payout.creator_id, {})
    owed = sum(split[name]["minor"] for name in ("payable", "below_minimum", "in_transit") if name in split)
    if payout.amount_minor > owed:
        found.overpaid.append(f"{payout_id}: {payout.amount_minor} of {owed}")


def resolve_unknown(found: Histories, now: datetime) -> None:
    """Transfers whose outcome was unknown are found."""
    with read_session(found.books.databases.main) as session:
        waiting = list(session.scalars(select(Attempt).where(Attempt.state == "unknown")))
    for each in waiting:
        outcome = Outcome("paid", transfer_ref=f"tr_{each.id}")
        found.books.write(lambda s, a=each, o=outcome: record_outcome(s, now, a, o))
