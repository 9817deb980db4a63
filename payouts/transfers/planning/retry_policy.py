"""Retry policy: when a refused payout is retried automatically, and when a person must act."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.settlement.models import Attempt, Payout
from tracker.times import format_utc

RETRY_DELAYS = (timedelta(minutes=30), timedelta(days=1), timedelta(days=1))
"""After the first, second and third failure. A failure may be temporary; a lasting one needs a person."""


def retry_block_reason(session: Session, now: datetime, payout: Payout) -> str | None:
    """Why a failed payout is not retried automatically now; None when it is."""
    attempts = session.scalars(select(Attempt).where(Attempt.payout_id == payout.id).order_by(Attempt.number))
    failures = [each.settled_at for each in attempts if each.settled_at is not None]
    if not failures:
        return None
    if len(failures) > len(RETRY_DELAYS):
        return (
            f"{payout.id} failed {len(failures)} times. The last reason: {payout.reason} When you have fixed "
            f"the cause, run: linkledger payout retry {payout.id}"
        )
    retry_at = failures[-1] + RETRY_DELAYS[len(failures) - 1]
    if now >= retry_at:
        return None
    return f"{payout.id} failed: {payout.reason} It is retried after {format_utc(retry_at)}"
