"""Whether a brand may use the rail account: its own one, or its deposits in an account that brands share."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payouts.ledger.balances import account_balance_minor
from payouts.ledger.rules import account_id
from payouts.settlement.models import Payout
from payouts.settlement.reasons import PayoutReason
from payouts.transfers.models import Payee
from tracker.money import Money
from tracker.reasons import Reason


def funding_block_reason(session: Session, payout: Payout, *, shared: bool) -> Reason | None:
    """The reason why a payout must wait for the brand's money, or None (docs/money.md 7).

    Brands share a rail account only when the operator allows it; then each brand pays from its own deposits.
    """
    if not shared:
        return _foreign_account_reason(session, payout.brand_id)
    available_minor = -account_balance_minor(
        session, account_id(payout.brand_id, "funding", payout.currency, None)
    )
    available_minor -= _in_flight_minor(session, payout)
    if available_minor >= payout.amount_minor:
        return None
    shortfall = Money(payout.amount_minor - available_minor, payout.currency)
    return Reason(PayoutReason.DEPOSITS_SHORT, {"shortfall": shortfall.as_json()})


def _in_flight_minor(session: Session, payout: Payout) -> int:
    """The amount that the brand's payouts in flight may have taken already; it is not booked yet."""
    return int(
        session.scalar(
            select(func.coalesce(func.sum(Payout.amount_minor), 0)).where(
                Payout.brand_id == payout.brand_id,
                Payout.currency == payout.currency,
                Payout.state.in_(("sending", "unknown")),
            )
        )
        or 0
    )


def _foreign_account_reason(session: Session, brand_id: str) -> Reason | None:
    first = session.scalar(select(Payee.brand_id).order_by(Payee.created_at, Payee.id).limit(1))
    if first is None or first == brand_id:
        return None
    return Reason(PayoutReason.ACCOUNT_OF_OTHER_BRAND, {"brand": first})
