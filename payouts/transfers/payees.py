"""Creators' accounts at the rail. Each is created once; its status is refreshed before money is sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.insert import insert_once
from payouts.settlement.reasons import PAYOUT_TEXTS, PayoutReason
from payouts.transfers.models import Payee
from payouts.transfers.stripe.shapes import PayeeStatus
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.ids import new_id
from tracker.reasons import Reason


def payee_of(session: Session, brand_id: str, creator_id: str) -> Payee | None:
    return session.execute(
        select(Payee).where(Payee.brand_id == brand_id, Payee.creator_id == creator_id)
    ).scalar_one_or_none()


def register_payee(
    session: Session, now: datetime, *, actor: Actor, brand_id: str, creator_id: str, account_ref: str
) -> Payee:
    """Store the account that the rail created. If two processes do this at once, the first one wins."""
    payee_id = new_id("pye", now)
    made = insert_once(
        session,
        Payee,
        id=payee_id,
        brand_id=brand_id,
        creator_id=creator_id,
        account_ref=account_ref,
        ready=False,
        **_status_columns(Reason(PayoutReason.SET_UP_UNFINISHED)),
        checked_at=now,
        created_at=now,
    )
    if made:
        whose = about(Subject.PAYEE, payee_id, brand_id)
        after = {"creator": creator_id, "account": account_ref}
        record(session, now, actor, Action.PAYEE_CONNECT, **whose, after=after)
    payee = payee_of(session, brand_id, creator_id)
    assert payee is not None, "it was inserted now or existed before"
    return payee


def record_payee_status(session: Session, now: datetime, payee_id: str, status: PayeeStatus) -> None:
    session.execute(
        update(Payee)
        .where(Payee.id == payee_id)
        .values(ready=status.ready, **_status_columns(status.block), checked_at=now)
    )


def payee_block_reason(payee: Payee | None) -> Reason | None:
    """Why the creator cannot be paid; None when they can."""
    if payee is not None and payee.ready:
        return None
    if payee is None or not payee.status_reason:
        return Reason(PayoutReason.NOT_CONNECTED)
    return PAYOUT_TEXTS.reason_of(payee.status_reason, *_current_code(payee), PayoutReason.EARLIER_WORDS)


def has_status(payee: Payee, status: PayeeStatus) -> bool:
    """Whether this status is stored already."""
    columns = _status_columns(status.block)
    code, parameters = columns["reason_code"], columns["reason_parameters"]
    return (payee.ready, *_current_code(payee)) == (status.ready, code, parameters)


def _current_code(payee: Payee) -> tuple[str | None, Mapping[str, Any] | None]:
    return PAYOUT_TEXTS.current(payee.status_reason, payee.reason_code, payee.reason_parameters)


def _status_columns(reason: Reason | None) -> dict[str, Any]:
    columns = PAYOUT_TEXTS.columns(reason)
    return {"status_reason": columns.pop("reason"), **columns}


def payees_of(session: Session, brand_id: str) -> list[Payee]:
    return list(session.execute(select(Payee).where(Payee.brand_id == brand_id).order_by(Payee.id)).scalars())
