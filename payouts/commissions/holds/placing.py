"""Holds: placed for a cause, lifted with it; a held commission is not paid (docs/money.md 6)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, case, func, select, tuple_, update
from sqlalchemy.orm import Session

from config.among import among
from payouts.commissions.entries import (
    Change,
    DatedStep,
    dated,
    draft_periods,
    entries_of,
    period_at,
    record_steps,
)
from payouts.commissions.holds.new_holds import NewHold, insert_holds
from payouts.commissions.models import Commission, Hold, PlacedBy
from payouts.commissions.movements import (
    not_held_minor,
    open_minor,
    open_movements,
    returned_parts,
    settled_by_commission,
)
from payouts.commissions.pay_dates import note_pay_dates
from payouts.commissions.positions import hold_steps
from payouts.commissions.reasons import COMMISSION_TEXTS
from payouts.ledger.models import Period
from tracker.reasons import Reason
from tracker.sales.inbox.models import Event
from tracker.sales.orders.models import Sale

_INSTANT = timedelta(microseconds=1)


def place_hold(
    session: Session,
    now: datetime,
    commission: Commission,
    *,
    placed_by: PlacedBy,
    cause_id: str,
    reason: Reason,
    ends_at: datetime | None = None,
    draft: Period | None = None,
    signal: str | None = None,
    evidence: dict[str, Any] | None = None,
) -> bool:
    """Hold a commission: it is not paid, and what is payable and in no sent payout is held again.

    The creator reads `reason`. `ends_at` is the end that a person named; without it the hold lasts as long as
    its kind allows. Only decisions on a draft give `draft`; only suspicion gives `signal` and `evidence`.
    Returns False when this cause held it before. Call it under the brand's lock.
    """
    new = NewHold(
        commission.id, commission.release_at, placed_by, cause_id, reason, ends_at, signal, evidence
    )
    placed = bool(insert_holds(session, now, commission.brand_id, [new]))
    if placed:
        move_into_hold(session, now, commission, cause_id, reason, draft)
    return placed


def move_into_hold(
    session: Session,
    now: datetime,
    commission: Commission,
    cause_id: str,
    reason: Reason,
    draft: Period | None = None,
) -> bool:
    """Move what is open of the commission, and what came back of payouts that had paid it, into `pending`.

    Never more than the commission is worth: what was refunded or declined after it was paid is not held.
    """
    if commission.first_released_at is None:
        return False
    moved = _hold_open_part(session, now, commission, cause_id, reason, draft)
    for part in returned_parts(session, commission.id):
        amount = min(part.amount_minor, not_held_minor(session, commission.id))
        if amount <= 0:
            continue
        steps = [DatedStep(period_at(session, now, commission, now), "hold", amount)]
        cause = _new_cause(session, commission, f"{cause_id}:{part.payout_id}")
        change = Change("hold", cause, reason, now, returned_from=part.payout_id)
        moved = record_steps(session, now, commission, change, steps) or moved
    if moved:
        commission.matured_at = None
        session.flush()
    return moved


def _hold_open_part(
    session: Session,
    now: datetime,
    commission: Commission,
    cause_id: str,
    reason: Reason,
    draft: Period | None,
) -> bool:
    amount = min(open_minor(session, commission.id), not_held_minor(session, commission.id))
    if amount <= 0:
        return False
    if draft is None:
        steps = [DatedStep(period_at(session, now, commission, now), "hold", amount)]
    else:
        periods = draft_periods(session, now, commission, draft)
        planned = hold_steps(open_movements(session, commission.id), periods, amount)
        steps = dated(session, commission.brand_id, planned)
    change = Change("hold", _new_cause(session, commission, cause_id), reason, now)
    return record_steps(session, now, commission, change, steps)


def _new_cause(session: Session, commission: Commission, cause_id: str) -> str:
    """The cause, numbered when the same hold moved money before."""
    moves = [entry.cause_id for entry in entries_of(session, commission.id) if entry.kind == "hold"]
    times = sum(cause == cause_id or cause.startswith(f"{cause_id}#") for cause in moves)
    return f"{cause_id}#{times + 1}" if times else cause_id


def hold_words(hold: Hold) -> str:
    """The reason, as the creator reads it."""
    return COMMISSION_TEXTS.shown(hold.reason, hold.reason_code, hold.reason_parameters)


def lift_words(hold: Hold) -> str | None:
    """The note of the person who lifted the hold, or the reason of the rule that did; None without either."""
    note = hold.lift_note
    return None if note is None else COMMISSION_TEXTS.shown(note, hold.lift_code, None)


def placer_of(session: Session, placed: Hold) -> PlacedBy:
    """By what a hold was placed.

    A row that a process of an older version wrote during an upgrade does not say it: its cause does. That of
    the hold for a missing cost is the sale.
    """
    if placed.placed_by is not None:
        return PlacedBy(placed.placed_by)
    if placed.kind == "dispute":
        return PlacedBy.DISPUTE
    if session.get(Event, placed.cause_id) is not None:
        return PlacedBy.EVENT
    is_of_rule = placed.signal is not None or session.get(Sale, placed.cause_id) is not None
    return PlacedBy.RULE if is_of_rule else PlacedBy.PERSON


def is_liftable(session: Session, placed: Hold) -> bool:
    """Whether a person may lift it. The hold of an event ends only with its cause, or its time.

    So does that of a dispute, until its provider was asked and did not end it.
    """
    placed_by = placer_of(session, placed)
    was_asked = placed_by is PlacedBy.DISPUTE and placed.asked_at is not None
    return was_asked or placed_by not in (PlacedBy.DISPUTE, PlacedBy.EVENT)


def lift_hold(
    session: Session,
    now: datetime,
    commission_id: str,
    cause_id: str,
    *,
    note: str = "",
    reason: Reason | None = None,
    draft: Period | None = None,
) -> bool:
    """Lift a hold. The next run of the job releases the commission if no other hold remains.

    `note` is a person's explanation, `reason` that of a rule which answers what the hold was placed for.
    `draft` is the closed period in which the caller then releases what was due before its end. Returns False
    when there is no such open hold.
    """
    explanation = (
        {"lift_note": note or None}
        if reason is None
        else {"lift_note": COMMISSION_TEXTS.words(reason), "lift_code": reason.code.value}
    )
    lifted = session.execute(
        update(Hold)
        .where(Hold.commission_id == commission_id, Hold.cause_id == cause_id, Hold.lifted_at.is_(None))
        .values(lifted_at=now, **explanation)
        .returning(Hold.id)
    )
    was_lifted = lifted.first() is not None
    if was_lifted:
        released_at = {} if draft is None else {commission_id: draft.ends_at - _INSTANT}
        note_pay_dates(session, now, [commission_id], ended_at=released_at)
    return was_lifted


def lift_holds(session: Session, now: datetime, holds: Sequence[tuple[str, str]]) -> None:
    """Lift holds, given as pairs of commission and cause, as far as they are open."""
    if holds:
        named = tuple_(Hold.commission_id, Hold.cause_id).in_(holds)
        lifting = update(Hold).where(named, Hold.lifted_at.is_(None)).values(lifted_at=now)
        lifted = session.scalars(lifting.returning(Hold.commission_id)).all()
        note_pay_dates(session, now, lifted)


def is_settled(session: Session, commission_id: str) -> bool:
    """Whether money of the commission is, or may be, with the rail: its payout was sent and not returned.

    Postings that one payout settled together may sum to 0, such as a release and the hold after it.
    """
    return settled_minor(session, commission_id) > 0


def settled_minor(session: Session, commission_id: str) -> int:
    """The part of the commission that is with the rail, or may be, in minor units."""
    return settled_by_commission(session, [commission_id]).get(commission_id, 0)


def hold_count(session: Session, commission_id: str) -> int:
    """The number of holds that the commission ever had, for any cause."""
    return int(session.scalar(select(func.count(Hold.id)).where(Hold.commission_id == commission_id)) or 0)


def holds_of(session: Session, commission_id: str) -> list[Hold]:
    """The open holds, oldest first."""
    return list(
        session.execute(
            select(Hold)
            .where(Hold.commission_id == commission_id, Hold.lifted_at.is_(None))
            .order_by(Hold.placed_at, Hold.id)
        ).scalars()
    )


def holds_by_commission(
    session: Session, commission_ids: Sequence[str]
) -> tuple[set[str], dict[str, datetime]]:
    """Those of the commissions that have an open hold, and by commission when its last hold was lifted."""
    rows = session.execute(_holds_query(), {"commission_ids": commission_ids}).all()
    held = {each.commission_id for each in rows if each.open}
    return held, {each.commission_id: each.lifted_at for each in rows if each.lifted_at is not None}


@cache
def _holds_query() -> Select[str, int, datetime | None]:
    """Parameter: `commission_ids`."""
    still_open = func.sum(case((Hold.lifted_at.is_(None), 1), else_=0))
    return (
        select(Hold.commission_id, still_open.label("open"), func.max(Hold.lifted_at).label("lifted_at"))
        .where(among(Hold.commission_id, "commission_ids"))
        .group_by(Hold.commission_id)
    )


def lifted_holds_of(session: Session, commission_id: str) -> list[Hold]:
    """The lifted holds, in the order in which they were lifted."""
    return list(
        session.execute(
            select(Hold)
            .where(Hold.commission_id == commission_id, Hold.lifted_at.is_not(None))
            .order_by(Hold.lifted_at, Hold.id)
        ).scalars()
    )
