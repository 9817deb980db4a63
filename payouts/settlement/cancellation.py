"""Payouts that will not be sent: their amounts are payable again."""

from datetime import datetime

from sqlalchemy.orm import Session

from payouts.settlement.models import Payout
from payouts.settlement.transitions import book, free_items, locked_payout, step


def cancel(session: Session, now: datetime, payout_id: str, *, reason: str) -> Payout:
    """Cancel a prepared or failed payout. Raises Conflict in any other state."""
    payout = locked_payout(session, payout_id)
    was_in_transit = payout.state == "prepared"
    step(session, now, payout, "cancelled", reason=reason)
    if was_in_transit:
        book(session, now, payout, "payout_released")
        free_items(session, payout)
    return payout
