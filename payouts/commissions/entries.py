"""The life of a commission as numbered entries, each with its cause, reason and transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select
from sqlalchemy.orm import Session

from payouts.commissions.models import Commission, Entry, Hold
from payouts.commissions.reasons import COMMISSION_TEXTS, CommissionReason
from payouts.ledger.models import Period
from payouts.ledger.operations import lock_books, post
from payouts.ledger.rules import Line
from tracker.errors import NotFound
from tracker.ids import new_id
from tracker.money import Money
from tracker.reasons import Reason
from tracker.times import format_utc


def entries_of(session: Session, commission_id: str) -> list[Entry]:
    return list(session.scalars(_entries_query(), {"commission_id": commission_id}))


@cache
def _entries_query() -> Select[Entry]:
    return select(Entry).where(Entry.commission_id == bindparam("commission_id")).order_by(Entry.line)


def locked_commission(session: Session, commission_id: str) -> Commission:
    """The current commission, under its brand's lock. Raises NotFound."""
    brand_id = session.scalar(select(Commission.brand_id).where(Commission.id == commission_id))
    if brand_id is None:
        raise NotFound(f"There is no commission {commission_id}.")
    lock_books(session, brand_id)
    return session.scalars(_commission_query(), {"commission_id": commission_id}).one()


@cache
def _commission_query() -> Select[Commission]:
    found = select(Commission).where(Commission.id == bindparam("commission_id"))
    return found.execution_options(populate_existing=True)


def current_amount_minor(entries: list[Entry]) -> int:
    """What the commission is worth after its last entry, in minor units."""
    return entries[-1].amount_after_minor if entries else 0


@dataclass(frozen=True)
class Change:
    """A change to enter: its kind, its cause, its reason, and when it took effect.

    `inputs` are facts about the cause, as JSON values. Only review decisions about a draft give `period`.
    """

    kind: str
    cause_id: str
    reason: Reason
    effective_at: datetime
    inputs: Mapping[str, Any] = field(default_factory=dict)
    period: Period | None = None


def record_change(
    session: Session, now: datetime, commission: Commission, change: Change, *, amount_after_minor: int
) -> bool:
    """Enter a new amount and post the difference to the commission's account, held or payable.

    Returns False, and does nothing, when this cause was entered before.
    """
    entries = entries_of(session, commission.id)
    if _is_entered(entries, change):
        return False
    difference = amount_after_minor - current_amount_minor(entries)
    event = "accrue" if change.kind == "accrue" else _change_event(difference, commission)
    transaction_id = _post(session, now, commission, change, event, abs(difference))
    _append(session, now, commission, entries, change, amount_after_minor, transaction_id)
    return True


def record_account_move(session: Session, now: datetime, commission: Commission, change: Change) -> bool:
    """Enter that the whole remaining amount was released (kind "mature") or held again ("hold").

    Returns False, and does nothing, when this cause was entered before.
    """
    entries = entries_of(session, commission.id)
    if _is_entered(entries, change):
        return False
    amount = current_amount_minor(entries)
    transaction_id = _post(session, now, commission, change, change.kind, amount)
    _append(session, now, commission, entries, change, amount, transaction_id)
    return True


def _is_entered(entries: list[Entry], change: Change) -> bool:
    return any((entry.kind, entry.cause_id) == (change.kind, change.cause_id) for entry in entries)


def _change_event(difference: int, commission: Commission) -> str:
    where = "held" if commission.matured_at is None else "payable"
    return f"reverse_{where}" if difference < 0 else f"reinstate_{where}"


def _post(
    session: Session, now: datetime, commission: Commission, change: Change, event: str, moved_minor: int
) -> str | None:
    """The id of the transaction; None when no money moved."""
    if not moved_minor:
        return None
    return post(
        session,
        now,
        brand_id=commission.brand_id,
        kind=event,
        event_key=f"{change.kind}:{commission.id}:{change.cause_id}",
        inputs={
            "cause": change.cause_id,
            "reason": COMMISSION_TEXTS.words(change.reason),
            **change.inputs,
        },
        lines=[Line(event, moved_minor, commission.currency, commission.creator_id)],
        subject_id=commission.id,
        effective_at=change.effective_at,
        period=change.period,
    ).transaction_id


def _append(
    session: Session,
    now: datetime,
    commission: Commission,
    entries: list[Entry],
    change: Change,
    amount_after_minor: int,
    transaction_id: str | None,
) -> None:
    session.add(
        Entry(
            id=new_id("cen", now),
            commission_id=commission.id,
            line=len(entries) + 1,
            kind=change.kind,
            cause_id=change.cause_id,
            **COMMISSION_TEXTS.columns(change.reason),
            amount_before_minor=current_amount_minor(entries),
            amount_after_minor=amount_after_minor,
            transaction_id=transaction_id,
            effective_at=change.effective_at,
            created_at=now,
        )
    )
    session.flush()


def owner_conditions(for_brand: bool, for_creator: bool = False) -> list[ColumnElement[bool]]:
    """Conditions on the brand, the creator, both or neither. Parameters: `brand_id`, `creator_id`."""
    conditions: list[ColumnElement[bool]] = []
    if for_brand:
        conditions.append(Commission.brand_id == bindparam("brand_id"))
    if for_creator:
        conditions.append(Commission.creator_id == bindparam("creator_id"))
    return conditions


def reason_of(row: Entry | Hold) -> Reason:
    """The reason of an entry or a hold, for another row that is made because of it."""
    return COMMISSION_TEXTS.reason_of(
        row.reason, row.reason_code, row.reason_parameters, CommissionReason.EARLIER_WORDS
    )


def entry_words(entry: Entry) -> str:
    return COMMISSION_TEXTS.shown(entry.reason, entry.reason_code, entry.reason_parameters)


def entry_json(entry: Entry, currency: str) -> dict[str, Any]:
    """An entry with its cause, as statements and explanations show it."""
    change = entry.amount_after_minor - entry.amount_before_minor
    return {
        "what": entry.kind,
        "why": entry_words(entry),
        "reason_code": entry.reason_code,
        "reason_parameters": entry.reason_parameters,
        "cause": entry.cause_id,
        "at": format_utc(entry.effective_at),
        "change": Money(change, currency).as_json(),
        "transaction": entry.transaction_id,
    }
