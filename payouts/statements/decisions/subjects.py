"""The commission about which a person decides, and why nothing can be decided about some."""

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from payouts.commissions.entries import current_amount_minor, entries_of, locked_commission
from payouts.commissions.models import Commission
from payouts.ledger.models import Posting, Transaction
from payouts.settlement.models import Item, Payout, TransferReversal
from tracker.errors import Conflict


def live_commission(session: Session, commission_id: str) -> Commission:
    """The commission, under its brand's lock. Raises Conflict when new evidence replaced or ended it."""
    commission = locked_commission(session, commission_id)
    if commission.live:
        return commission
    replaced_by = session.scalar(
        select(Commission.id).where(Commission.sale_id == commission.sale_id, Commission.live)
    )
    if replaced_by is None:
        raise Conflict(
            f"{commission_id} ended because new evidence credits nobody. The sale has no commission now: "
            "there is nothing to decide."
        )
    raise Conflict(
        f"{commission_id} was replaced because of new evidence. The sale's commission is now "
        f"{replaced_by}: decide about that one."
    )


def require_unpaid(session: Session, commission: Commission) -> None:
    """Raises Conflict when its whole amount was paid and nothing of that came back."""
    has_reversal = exists().where(TransferReversal.payout_id == Payout.id)
    paid_minor, payout_id = session.execute(
        select(func.coalesce(func.sum(Item.amount_minor), 0), func.max(Payout.id))
        .join(Payout, Payout.id == Item.payout_id)
        .join(Posting, Posting.id == Item.posting_id)
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .where(Transaction.subject_id == commission.id, Item.live, Payout.state == "paid", ~has_reversal)
    ).one()
    if int(paid_minor) >= current_amount_minor(entries_of(session, commission.id)):
        raise Conflict(
            f"{commission.id} was paid by {payout_id}: nothing of it can be held. If it was not "
            "earned, decline it, and the next payout deducts it: "
            f"linkledger commission decline {commission.id} --reason …"
        )
