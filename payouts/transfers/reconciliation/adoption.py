"""Adoption of transfers that the rail made and the books do not know.

They were made after the backup that was restored, or by hand, or twice for the same payout.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.insert import insert_once
from payouts.ledger.batches import post
from payouts.ledger.models import Transaction
from payouts.ledger.operations import find_posted, lock_books
from payouts.ledger.rules import Line
from payouts.settlement.models import Attempt, Payout, TransferReversal
from payouts.settlement.reasons import FreezeReason, PayoutReason
from payouts.settlement.returns import RETURN_KEY, ImpossibleReturn
from payouts.settlement.rules import counted_at
from payouts.settlement.transitions import cancel
from payouts.transfers.models import Payee
from payouts.transfers.stripe.amounts import from_rail_amount
from payouts.transfers.stripe.outcome import is_transfer_of
from payouts.transfers.stripe.shapes import Movement, StripeTransfer
from tracker.errors import Conflict, NotFound
from tracker.money import Money
from tracker.people.accounts.operations import get_brand
from tracker.reasons import Reason

_ADOPTION_KEY = "orphan_adopted:{}"


@dataclass(frozen=True)
class Adopted:
    """The amount that was booked as paid; `known`: it was in the books before."""

    amount: Money
    known: bool


def adoption_of(session: Session, transfer_ref: str) -> Transaction | None:
    """The transaction that adopted this transfer, if there is one."""
    known = select(Transaction).where(Transaction.event_key == _ADOPTION_KEY.format(transfer_ref))
    return session.execute(known).scalar_one_or_none()


def adopt(
    session: Session,
    now: datetime,
    *,
    brand_id: str,
    transfer: StripeTransfer,
    reversals: Sequence[Movement] = (),
) -> Adopted:
    """Book a transfer as paid to the creator whose account received it.

    The amount is offset against later commissions. It counts on the rail's date, but not before the account
    belonged to the creator.
    `reversals` are the movements that returned parts of it. Adopting it again books only what is new.
    If the transfer was made for a payout that these books have not sent, that payout is cancelled, so that it
    is not paid again. A payout that another transfer has paid stays as it is.
    Raises NotFound when the account belongs to none of the brand's creators. Raises Conflict when the
    transfer is already booked for a payout or another brand, or when a look-up of its payout will find it.
    """
    lock_books(session, get_brand(session, brand_id).id)
    payee = _payee_of(session, brand_id, transfer)
    known = adoption_of(session, transfer.transfer_ref)
    _require_unbooked(session, brand_id, transfer, known)
    if known is None:
        _cancel_own_payout(session, now, brand_id, transfer)
    amount = Money(from_rail_amount(transfer.amount, transfer.currency), transfer.currency)
    posted = post(
        session,
        now,
        brand_id=brand_id,
        kind="orphan_adopted",
        event_key=_ADOPTION_KEY.format(transfer.transfer_ref),
        inputs={"transfer": transfer.transfer_ref, "amount_minor": amount.minor, "currency": amount.currency},
        lines=[Line("orphan_adopted", amount.minor, amount.currency, payee.creator_id)],
        subject_id=payee.creator_id,
        effective_at=counted_at(transfer.created_at, earliest=payee.created_at, now=now),
    )
    if sum(each.amount for each in reversals) != transfer.amount_reversed:
        raise Conflict(f"{transfer.transfer_ref} is being reversed at this moment; try again in a minute.")
    for each in reversals:
        record_adopted_return(session, now, movement=each)
    return Adopted(amount, posted.duplicate)


def record_adopted_return(session: Session, now: datetime, *, movement: Movement) -> bool:
    """Book the reversal of a part of an adopted transfer: that part is payable again.

    False when the reversal is booked already. Raises ImpossibleReturn when more would be returned than was
    sent.
    """
    adoption = adoption_of(session, movement.transfer_ref or "")
    assert adoption is not None
    lock_books(session, adoption.brand_id)
    amount = from_rail_amount(movement.amount, movement.currency)
    key = f"{RETURN_KEY}{movement.movement_ref}"
    inputs = {
        "transfer": movement.transfer_ref,
        "reversal": movement.movement_ref,
        "amount_minor": amount,
    }
    if find_posted(session, adoption.brand_id, key, inputs) is not None:
        return False
    _require_enough_left(session, adoption, movement, amount)
    posted = post(
        session,
        now,
        brand_id=adoption.brand_id,
        kind="transfer_reversed",
        event_key=key,
        inputs=inputs,
        lines=[Line("transfer_reversed", amount, movement.currency, adoption.subject_id)],
        subject_id=adoption.subject_id,
        effective_at=counted_at(movement.created_at, earliest=adoption.effective_at, now=now),
    )
    insert_once(
        session,
        TransferReversal,
        reversal_ref=movement.movement_ref,
        adoption_id=adoption.id,
        amount_minor=amount,
        recorded_at=now,
        came_back_at=movement.created_at,
        transaction_id=posted.transaction_id,
    )
    return True


def _require_enough_left(
    session: Session, adoption: Transaction, movement: Movement, amount_minor: int
) -> None:
    if _returned_minor(session, adoption) + amount_minor <= adoption.inputs["amount_minor"]:
        return
    parameters = {
        "movement": movement.movement_ref,
        "amount": {"minor": amount_minor, "currency": movement.currency},
        "transfer": movement.transfer_ref,
    }
    raise ImpossibleReturn(Reason(FreezeReason.ADOPTED_RETURN_IMPOSSIBLE, parameters))


def _returned_minor(session: Session, adoption: Transaction) -> int:
    rows = session.scalars(
        select(Transaction).where(
            Transaction.brand_id == adoption.brand_id,
            Transaction.kind == "transfer_reversed",
            Transaction.subject_id == adoption.subject_id,
        )
    )
    own = adoption.inputs["transfer"]
    return sum(int(row.inputs["amount_minor"]) for row in rows if row.inputs.get("transfer") == own)


def _payee_of(session: Session, brand_id: str, transfer: StripeTransfer) -> Payee:
    payee = session.scalar(
        select(Payee).where(Payee.brand_id == brand_id, Payee.account_ref == transfer.destination)
    )
    if payee is None:
        raise NotFound(
            f"{transfer.transfer_ref} went to an account that belongs to none of the brand's creators."
        )
    return payee


def _require_unbooked(
    session: Session, brand_id: str, transfer: StripeTransfer, known: Transaction | None
) -> None:
    """Raises Conflict when the transfer is already booked for a payout or another brand."""
    ref = transfer.transfer_ref
    own = session.scalar(select(Payout.id).where(Payout.transfer_ref == ref))
    if own is not None:
        raise Conflict(f"{ref} is already in the books as the transfer of {own}; it cannot be adopted.")
    if known is not None and known.brand_id != brand_id:
        raise Conflict(f"{ref} is already in the books of {known.brand_id}.")


def _cancel_own_payout(session: Session, now: datetime, brand_id: str, transfer: StripeTransfer) -> None:
    payout = session.get(Payout, transfer.metadata.get("payout_id", ""))
    if payout is None:
        return
    if payout.brand_id != brand_id:
        raise Conflict(
            f"{transfer.transfer_ref} was made for {payout.id} of another brand: adopt it with "
            f"--brand {payout.brand_id}"
        )
    if payout.state in ("prepared", "failed"):
        reason = Reason(PayoutReason.PAID_BY_ADOPTED_TRANSFER, {"transfer": transfer.transfer_ref})
        cancel(session, now, payout.id, reason=reason)
    open_attempt = session.execute(
        select(Attempt).where(Attempt.payout_id == payout.id, Attempt.state.in_(("sending", "unknown")))
    ).scalar_one_or_none()
    if open_attempt is None:
        return
    if is_transfer_of(open_attempt.parameters, transfer):
        raise Conflict(
            f"{transfer.transfer_ref} is the transfer of {payout.id}, which is {payout.state}. To book it as "
            f"paid, run: linkledger payout retry {payout.id}"
        )
    open_attempt.look_up_only = True  # its payout is paid by the adopted transfer: never send it again
    session.flush()
