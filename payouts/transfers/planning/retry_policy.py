"""Retry policy: when a refused payout is retried automatically, and when a person must act."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.settlement.models import Attempt, Payout
from payouts.settlement.reasons import PAYOUT_TEXTS, PayoutReason
from tracker.reasons import Reason
from tracker.times import format_utc

RETRY_DELAYS = (timedelta(minutes=30), timedelta(days=1), timedelta(days=1))
"""After the first, second and third failure. A failure may be temporary; a lasting one needs a person."""


def retry_block_reason(session: Session, now: datetime, payout: Payout) -> Reason | None:
    """Why a failed payout is not retried automatically now; None when it is."""
    attempts = session.scalars(select(Attempt).where(Attempt.payout_id == payout.id).order_by(Attempt.number))
    failures = [each.settled_at for each in attempts if each.settled_at is not None]
    if not failures:
        return None
    code, parameters = PAYOUT_TEXTS.current(payout.reason, payout.reason_code, payout.reason_parameters)
    failure = {"reason": payout.reason, "reason_code": code, "reason_parameters": parameters}
    if len(failures) > len(RETRY_DELAYS):
        parameters = {"payout": payout.id, "times": len(failures), "failure": failure}
        return Reason(PayoutReason.FAILED_TOO_OFTEN, parameters)
    retry_at = failures[-1] + RETRY_DELAYS[len(failures) - 1]
    if now >= retry_at:
        return None
    parameters = {"payout": payout.id, "failure": failure, "retry_at": format_utc(retry_at)}
    return Reason(PayoutReason.RETRIED_LATER, parameters)
