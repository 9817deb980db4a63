"""What a creator was paid: payouts of the last twelve months, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.ledger.models import Period
from payouts.settlement.models import Payout
from payouts.statements.models import Statement
from tracker.money import Money
from tracker.people.accounts.models import Brand

YEAR = timedelta(days=365)
MOST = 60


@dataclass(frozen=True)
class ReceivedPayout:
    """`reference` is the rail's id of the transfer."""

    payout_id: str
    brand_name: str
    period: str
    amount: Money
    paid_at: datetime
    reference: str | None
    came_back: bool


def received(session: Session, now: datetime, creator_id: str) -> Sequence[ReceivedPayout]:
    """Payouts that were sent; one that came back from the bank says so."""
    rows = session.execute(
        select(Payout, Brand.name, Period.name)
        .join(Brand, Brand.id == Payout.brand_id)
        .join(Statement, Statement.id == Payout.statement_id)
        .join(Period, Period.id == Statement.period_id)
        .where(Payout.creator_id == creator_id, Payout.state.in_(("paid", "returned")))
        .where(Payout.changed_at >= now - YEAR)
        .order_by(Payout.changed_at.desc(), Payout.id.desc())
        .limit(MOST)
    )
    return [
        ReceivedPayout(
            payout.id,
            brand_name,
            period,
            Money(payout.amount_minor, payout.currency),
            payout.changed_at,
            payout.transfer_ref,
            payout.state == "returned",
        )
        for payout, brand_name, period in rows
    ]
