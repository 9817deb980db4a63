"""Books transfers that came back, in whole or in part: the money is payable again, after a decision."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.insert import insert_once
from payouts.ledger.batches import post
from payouts.ledger.models import Transaction
from payouts.ledger.rules import Line
from payouts.settlement.models import Payout, TransferReversal
from payouts.settlement.reasons import FREEZE_TEXTS, FreezeReason, PayoutReason
from payouts.settlement.rules import counted_at
from payouts.settlement.transitions import confirmation_key, locked_payout, transition
from tracker.errors import Conflict
from tracker.reasons import Reason

RETURN_KEY = "transfer_reversed:"
"""The event key of a return is this and the rail's id of the reversal."""

WAITS_FOR = timedelta(days=14)
"""For how long money that came back waits for a decision; then it is paid again."""


class ImpossibleReturn(Conflict):
    """More would come back than was sent, or something of a payout that was not paid."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(FREEZE_TEXTS.words(reason), reason=reason)


def record_return(
    session: Session,
    now: datetime,
    *,
    payout_id: str,
    reversal_ref: str,
    amount_minor: int,
    came_back_at: datetime | None = None,
) -> bool:
    """Book a reversal of a paid payout's transfer. `reversal_ref` is the rail's id, and makes it count once.

    `came_back_at` is the rail's date of the reversal, if it is known. Returns False when it was booked
    before. The payout becomes `returned` when reversals reach its amount. Raises ImpossibleReturn when the
    payout is not paid, or more would come back than was sent.
    """
    payout = locked_payout(session, payout_id)
    if session.get(TransferReversal, reversal_ref) is not None:
        return False
    returned = _returned_minor(session, payout) + amount_minor
    _require_possible(payout, reversal_ref, amount_minor, returned)
    posted = post(
        session,
        now,
        brand_id=payout.brand_id,
        kind="transfer_reversed",
        event_key=f"{RETURN_KEY}{reversal_ref}",
        inputs={"payout": payout.id, "reversal": reversal_ref, "amount_minor": amount_minor},
        lines=[Line("transfer_reversed", amount_minor, payout.currency, payout.creator_id)],
        subject_id=payout.id,
        effective_at=counted_at(came_back_at, earliest=_confirmed_at(session, payout), now=now),
    )
    insert_once(
        session,
        TransferReversal,
        reversal_ref=reversal_ref,
        payout_id=payout.id,
        amount_minor=amount_minor,
        recorded_at=now,
        came_back_at=came_back_at or now,
        transaction_id=posted.transaction_id,
    )
    if returned == payout.amount_minor:
        transition(session, now, payout, "returned", reason=Reason(PayoutReason.TRANSFER_REVERSED))
    return True


def waiting_reversals(session: Session, now: datetime, refs: Sequence[str]) -> Sequence[str]:
    """Those of the reversals whose money waits: nobody decided about it, and the time to do so runs."""
    return session.scalars(
        select(TransferReversal.reversal_ref).where(
            TransferReversal.reversal_ref.in_(refs),
            TransferReversal.decision.is_(None),
            TransferReversal.recorded_at > now - WAITS_FOR,
        )
    ).all()


def waits_until(reversal: TransferReversal) -> datetime | None:
    """When money that nobody decided about is paid again; None after a decision."""
    return None if reversal.decision is not None else reversal.recorded_at + WAITS_FOR


def _require_possible(payout: Payout, reversal_ref: str, amount_minor: int, returned_minor: int) -> None:
    if payout.state in ("paid", "returned") and returned_minor <= payout.amount_minor:
        return
    parameters = {
        "movement": reversal_ref,
        "amount": {"minor": amount_minor, "currency": payout.currency},
        "payout": payout.id,
        "state": payout.state,
        "sent": {"minor": payout.amount_minor, "currency": payout.currency},
    }
    raise ImpossibleReturn(Reason(FreezeReason.RETURN_IMPOSSIBLE, parameters))


def _confirmed_at(session: Session, payout: Payout) -> datetime:
    """When the payout's confirmation counts: nothing of it came back before."""
    confirmed_at = session.scalar(
        select(Transaction.effective_at).where(
            Transaction.brand_id == payout.brand_id, Transaction.event_key == confirmation_key(payout)
        )
    )
    return confirmed_at or payout.prepared_at


def _returned_minor(session: Session, payout: Payout) -> int:
    total = select(func.coalesce(func.sum(TransferReversal.amount_minor), 0))
    return int(session.scalar(total.where(TransferReversal.payout_id == payout.id)) or 0)
