"""Books transfers that came back, in whole or in part: the money is payable again."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.insert import insert_once
from payouts.ledger.operations import post
from payouts.ledger.rules import Line
from payouts.settlement.models import Payout, TransferReversal
from payouts.settlement.reasons import FREEZE_TEXTS, FreezeReason, PayoutReason
from payouts.settlement.transitions import locked_payout, transition
from tracker.errors import Conflict
from tracker.reasons import Reason


class ImpossibleReturn(Conflict):
    """More would come back than was sent, or something of a payout that was not paid."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(FREEZE_TEXTS.words(reason), reason=reason)


def record_return(
    session: Session, now: datetime, *, payout_id: str, reversal_ref: str, amount_minor: int
) -> bool:
    """Book a reversal of a paid payout's transfer. `reversal_ref` is the rail's id, and makes it count once.

    Returns False when it was booked before. The payout becomes `returned` when reversals reach its amount.
    Raises ImpossibleReturn when the payout is not paid, or more would come back than was sent.
    """
    payout = locked_payout(session, payout_id)
    if session.get(TransferReversal, reversal_ref) is not None:
        return False
    returned = _returned_minor(session, payout) + amount_minor
    if payout.state not in ("paid", "returned") or returned > payout.amount_minor:
        parameters = {
            "movement": reversal_ref,
            "amount": {"minor": amount_minor, "currency": payout.currency},
            "payout": payout.id,
            "state": payout.state,
            "sent": {"minor": payout.amount_minor, "currency": payout.currency},
        }
        raise ImpossibleReturn(Reason(FreezeReason.RETURN_IMPOSSIBLE, parameters))
    insert_once(
        session,
        TransferReversal,
        reversal_ref=reversal_ref,
        payout_id=payout.id,
        amount_minor=amount_minor,
        recorded_at=now,
    )
    post(
        session,
        now,
        brand_id=payout.brand_id,
        kind="transfer_reversed",
        event_key=f"transfer_reversed:{reversal_ref}",
        inputs={"payout": payout.id, "reversal": reversal_ref, "amount_minor": amount_minor},
        lines=[Line("transfer_reversed", amount_minor, payout.currency, payout.creator_id)],
        subject_id=payout.id,
        effective_at=now,
    )
    if returned == payout.amount_minor:
        transition(session, now, payout, "returned", reason=Reason(PayoutReason.TRANSFER_REVERSED))
    return True


def _returned_minor(session: Session, payout: Payout) -> int:
    total = select(func.coalesce(func.sum(TransferReversal.amount_minor), 0))
    return int(session.scalar(total.where(TransferReversal.payout_id == payout.id)) or 0)
