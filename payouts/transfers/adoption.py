"""Transfers that the rail has made and the books do not know: after a restore, or made by hand."""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from payouts.ledger.models import Transaction
from payouts.ledger.operations import lock_books, post
from payouts.ledger.rules import Line
from payouts.transfers.cancellation import cancel
from payouts.transfers.models import Payee, Payout
from payouts.transfers.stripe_shapes import TransferFound
from payouts.transfers.units import from_rail_amount
from tracker.errors import Conflict, NotFound
from tracker.money import Money
from tracker.people.operations import get_brand

_KEY = "orphan_adopted:{}"


def is_adopted(session: Session, transfer_ref: str) -> bool:
    """Whether a transfer without a payout stands in the books all the same."""
    known = exists().where(Transaction.event_key == _KEY.format(transfer_ref))
    return bool(session.scalar(select(known)))


def adopt(session: Session, now: datetime, *, brand_id: str, transfer: TransferFound) -> Money:
    """Book a transfer as paid to the creator whose account it went to; later commissions net it.

    A payout of these books that the transfer was made for, and that was never sent from here, is cancelled:
    it must not be paid again. Adopting twice books once. Raises NotFound when the account belongs to none
    of the brand's creators, Conflict when the transfer is a payout's own or its payout's outcome is open.
    """
    lock_books(session, get_brand(session, brand_id).id)
    payee = session.execute(
        select(Payee).where(Payee.brand_id == brand_id, Payee.account_ref == transfer.destination)
    ).scalar_one_or_none()
    if payee is None:
        raise NotFound(f"{transfer.transfer_ref} went to an account of none of the brand's creators.")
    _settle_own_payout(session, now, transfer)
    amount = Money(from_rail_amount(transfer.amount, transfer.currency), transfer.currency)
    post(
        session,
        now,
        brand_id=brand_id,
        kind="orphan_adopted",
        event_key=_KEY.format(transfer.transfer_ref),
        inputs={"transfer": transfer.transfer_ref, "amount_minor": amount.minor, "currency": amount.currency},
        lines=[Line("orphan_adopted", amount.minor, amount.currency, payee.creator_id)],
        subject_id=payee.creator_id,
        effective_at=now,
    )
    return amount


def _settle_own_payout(session: Session, now: datetime, transfer: TransferFound) -> None:
    payout = session.get(Payout, transfer.metadata.get("payout_id", ""))
    if payout is None or payout.state == "cancelled":
        return
    if payout.state in ("prepared", "failed"):
        cancel(session, now, payout.id, reason=f"paid by {transfer.transfer_ref}, which was adopted")
        return
    raise Conflict(
        f"{transfer.transfer_ref} belongs to {payout.id}, which is {payout.state}: nothing is to be adopted. "
        f"When it is unknown, run: linkledger payout retry {payout.id}"
    )
