"""Payouts that will not be sent: their amounts are payable again."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.ledger.models import Period
from payouts.settlement.models import Payout
from payouts.settlement.transitions import book, free_items, locked_payout, step
from payouts.statements.models import Statement


def cancel(session: Session, now: datetime, payout_id: str, *, reason: str) -> Payout:
    """Cancel a prepared or failed payout. Raises Conflict in any other state."""
    payout = locked_payout(session, payout_id)
    was_in_transit = payout.state == "prepared"
    step(session, now, payout, "cancelled", reason=reason)
    if was_in_transit:
        book(session, now, payout, "payout_released")
        free_items(session, payout)
    return payout


def cancel_superseded(session: Session, now: datetime, statement: Statement) -> int:
    """The sealed statement's own payouts take over what earlier ones had not sent (MONEY 7). How many."""
    own = session.get_one(Period, statement.period_id)
    superseded = session.execute(
        select(Payout.id)
        .join(Statement, Statement.id == Payout.statement_id)
        .join(Period, Period.id == Statement.period_id)
        .where(
            Payout.brand_id == statement.brand_id,
            Payout.currency == statement.currency,
            Payout.state.in_(("prepared", "failed")),
            Period.starts_at < own.starts_at,
        )
        .order_by(Payout.id)
    ).scalars()
    cancelled = [
        cancel(session, now, payout_id, reason=f"taken over by the statement of {own.name}")
        for payout_id in list(superseded)
    ]
    return len(cancelled)
