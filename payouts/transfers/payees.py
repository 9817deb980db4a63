"""Creators' accounts at the rail. Each is created once; its status is refreshed before money is sent."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.insert import insert_once
from payouts.transfers.models import Payee
from payouts.transfers.stripe.shapes import PayeeStatus
from tracker.ids import new_id

NOT_CONNECTED = "the creator has not connected a bank account yet"


def payee_of(session: Session, brand_id: str, creator_id: str) -> Payee | None:
    return session.execute(
        select(Payee).where(Payee.brand_id == brand_id, Payee.creator_id == creator_id)
    ).scalar_one_or_none()


def register_payee(
    session: Session, now: datetime, *, brand_id: str, creator_id: str, account_ref: str
) -> Payee:
    """Store the account that the rail created. If two processes do this at once, the first one wins."""
    insert_once(
        session,
        Payee,
        id=new_id("pye", now),
        brand_id=brand_id,
        creator_id=creator_id,
        account_ref=account_ref,
        ready=False,
        status_reason="the creator has not finished the set-up at the payment provider",
        checked_at=now,
        created_at=now,
    )
    payee = payee_of(session, brand_id, creator_id)
    assert payee is not None, "it was inserted now or existed before"
    return payee


def record_payee_status(session: Session, now: datetime, payee_id: str, status: PayeeStatus) -> None:
    session.execute(
        update(Payee)
        .where(Payee.id == payee_id)
        .values(ready=status.ready, status_reason=status.reason, checked_at=now)
    )


def payees_of(session: Session, brand_id: str) -> list[Payee]:
    return list(session.execute(select(Payee).where(Payee.brand_id == brand_id).order_by(Payee.id)).scalars())
