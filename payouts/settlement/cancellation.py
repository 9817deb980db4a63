"""Cancels payouts before they are sent, which makes their amounts payable again."""

from datetime import datetime

from sqlalchemy.orm import Session

from payouts.settlement.models import Payout
from payouts.settlement.transitions import detach_items, locked_payout, post_payout_event, transition


def cancel(session: Session, now: datetime, payout_id: str, *, reason: str) -> Payout:
    """Cancel a prepared or failed payout. Raises Conflict in any other state."""
    payout = locked_payout(session, payout_id)
    was_in_transit = payout.state == "prepared"
    transition(session, now, payout, "cancelled", reason=reason)
    if was_in_transit:
        post_payout_event(session, now, payout, "payout_released")
        detach_items(session, payout)
    return payout
