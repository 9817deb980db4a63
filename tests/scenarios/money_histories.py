"""Random histories of creators: what is earned, taken back, held, decided, paid and returned.

Months of random events are followed by two years of silence, in which only the jobs run. All creators of a
brand share its periods; each has a history of their own. The payment provider is not asked: its outcomes are
recorded as the payout run records them.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.commissions.adjustment import enter_pending_reports
from payouts.commissions.holds.ending import end_holds
from payouts.commissions.holds.of_disputes import disputes_to_ask, enter_answer
from payouts.settlement.models import Attempt, Payout
from payouts.statements.document.reading import whole_statement
from payouts.statements.models import Statement
from payouts.transfers.planning.preparation import plans_of, prepare, reselect
from payouts.transfers.sending.attempts import begin_attempt, record_outcome
from payouts.transfers.stripe.outcome import Outcome
from tests.cast.months import Month
from tests.scenarios.history_events import ACTIONS, FIRST_MONTH, Histories

ACTIVE_MONTHS, SILENT_MONTHS = 4, 24


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
        document = whole_statement(session, session.get_one(Statement, payout.statement_id))
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
