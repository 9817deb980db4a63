"""The life of a commission as numbered entries, each with its cause, reason and transaction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, select
from sqlalchemy.orm import Session

from config.insert import insert_all
from payouts.commissions.models import Commission, Entry, Hold
from payouts.commissions.movements import movements_of_commission
from payouts.commissions.notices import note_changes
from payouts.commissions.positions import OPPOSITES, DraftPeriods, Step, change_steps, decline_steps
from payouts.commissions.reasons import COMMISSION_TEXTS, CommissionReason
from payouts.ledger.batches import NewTransaction, post_all
from payouts.ledger.models import Period, Posting, Transaction
from payouts.ledger.operations import lock_books
from payouts.ledger.periods import period_for
from payouts.ledger.rules import Line
from tracker.errors import NotFound
from tracker.ids import new_id
from tracker.money import Money
from tracker.people.accounts.operations import get_brand
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


class CommissionRef(NamedTuple):
    """What the entries and transactions of a commission name of it."""

    id: str
    creator_id: str
    currency: str


@dataclass(frozen=True)
class DatedStep:
    """A posting to make: its period, the kind of event, and an amount above 0 in minor units."""

    period: Period
    event: str
    amount_minor: int


@dataclass(frozen=True)
class Change:
    """A change to enter: its kind, its cause, its reason, and when it took effect.

    `inputs` are further inputs of the ledger transaction. `draft` is the period of the draft on which a
    person decided it. `returned_from` is the payout whose returned money it moves.
    """

    kind: str
    cause_id: str
    reason: Reason
    effective_at: datetime
    inputs: Mapping[str, Any] = field(default_factory=dict)
    draft: Period | None = None
    returned_from: str | None = None


@dataclass(frozen=True)
class PlannedChange:
    """A change with all that is to be written: the number of its entry, both amounts, and its postings."""

    commission: Commission | CommissionRef
    change: Change
    line: int
    amount_before_minor: int
    amount_after_minor: int
    steps: Sequence[DatedStep] = ()


def record_all(session: Session, now: datetime, brand_id: str, planned: Sequence[PlannedChange]) -> None:
    """Enter changes of commissions of one brand, none of which was entered before, and post their steps.

    Any number of changes takes the same number of statements. Call it under the brand's lock.
    """
    reasons = [COMMISSION_TEXTS.columns(each.change.reason) for each in planned]
    transactions = [
        new
        for each, reason in zip(planned, reasons, strict=True)
        for new in _transactions(each, reason["reason"])
    ]
    posted = iter(post_all(session, now, brand_id, transactions))
    rows = []
    for each, reason in zip(planned, reasons, strict=True):
        own = [transaction.transaction_id for transaction in islice(posted, len(each.steps))]
        rows.append(_entry_row(now, each, reason, own))
    session.flush()
    insert_all(session, Entry, rows)
    note_changes(session, now, brand_id, rows, [each.commission.creator_id for each in planned])


def record_change(
    session: Session, now: datetime, commission: Commission, change: Change, *, amount_after_minor: int
) -> bool:
    """Enter a new amount and post the difference where the money stood (payouts/commissions/positions.py).

    Returns False, and does nothing, when this cause was entered before.
    """
    entries = entries_of(session, commission.id)
    if _is_entered(entries, change):
        return False
    difference = amount_after_minor - current_amount_minor(entries)
    steps = _change_steps(session, now, commission, change, difference)
    planned = _planned(commission, change, entries, amount_after_minor, steps)
    record_all(session, now, commission.brand_id, [planned])
    return True


def record_steps(
    session: Session,
    now: datetime,
    commission: Commission,
    change: Change,
    steps: Sequence[DatedStep],
    *,
    amount_after_minor: int | None = None,
) -> bool:
    """Enter postings that are known: money was released, held again, or a decision is undone.

    The amount stays the same unless `amount_after_minor` is given. Returns False, and does nothing, when this
    cause was entered before.
    """
    entries = entries_of(session, commission.id)
    if _is_entered(entries, change):
        return False
    amount = current_amount_minor(entries) if amount_after_minor is None else amount_after_minor
    planned = _planned(commission, change, entries, amount, steps)
    record_all(session, now, commission.brand_id, [planned])
    return True


def _planned(
    commission: Commission, change: Change, entries: list[Entry], after_minor: int, steps: Sequence[DatedStep]
) -> PlannedChange:
    before_minor = current_amount_minor(entries)
    return PlannedChange(commission, change, len(entries) + 1, before_minor, after_minor, steps)


def _is_entered(entries: list[Entry], change: Change) -> bool:
    return any((entry.kind, entry.cause_id) == (change.kind, change.cause_id) for entry in entries)


def _change_steps(
    session: Session, now: datetime, commission: Commission, change: Change, difference_minor: int
) -> Sequence[DatedStep]:
    if difference_minor == 0:
        return []
    at_period = period_at(session, now, commission, change.effective_at)
    if change.kind == "accrue":
        return [DatedStep(at_period, "accrue", difference_minor)]
    if commission.first_released_at is None and difference_minor > 0:
        return [DatedStep(at_period, "reinstate_held", difference_minor)]
    moved = movements_of_commission(session, commission.id)
    if change.draft is not None:
        periods = draft_periods(session, now, commission, change.draft)
        steps = decline_steps(moved, periods, -difference_minor)
    else:
        is_held = commission.matured_at is None
        steps = change_steps(moved, at_period.starts_at, difference_minor, held=is_held)
    return dated(session, commission.brand_id, steps)


def period_at(session: Session, now: datetime, commission: Commission, effective_at: datetime) -> Period:
    """The period in which an event of the commission with that effective time counts."""
    return period_for(session, now, get_brand(session, commission.brand_id), effective_at)


def draft_periods(session: Session, now: datetime, commission: Commission, draft: Period) -> DraftPeriods:
    """The periods of a decision on a draft: the draft's, and the open one for what does not stand there."""
    return DraftPeriods(draft.starts_at, period_at(session, now, commission, now).starts_at)


def opposite_steps(session: Session, transaction_ids: Sequence[str]) -> list[DatedStep]:
    """The steps that undo transactions of commissions, each in the same period."""
    rows = session.execute(
        select(Period, Transaction.kind, Posting.amount_minor)
        .join(Transaction, Transaction.period_id == Period.id)
        .join(Posting, Posting.transaction_id == Transaction.id)
        .where(Transaction.id.in_(transaction_ids))
        .order_by(Transaction.seq.desc())
    )
    return [DatedStep(period, OPPOSITES[kind], amount_minor) for period, kind, amount_minor in rows]


def dated(session: Session, brand_id: str, steps: Sequence[Step]) -> list[DatedStep]:
    """The steps with their periods."""
    starts = {step.period_starts_at for step in steps}
    query = select(Period).where(Period.brand_id == brand_id, Period.starts_at.in_(starts))
    periods = {period.starts_at: period for period in session.scalars(query)} if steps else {}
    return [DatedStep(periods[step.period_starts_at], step.event, step.amount_minor) for step in steps]


def _transactions(planned: PlannedChange, words: str) -> Iterator[NewTransaction]:
    """That of the change, then those of later periods that follow from it."""
    commission, change, at = planned.commission, planned.change, planned.change.effective_at
    key = f"{change.kind}:{commission.id}:{change.cause_id}"
    inputs = {"cause": change.cause_id, "reason": words, **change.inputs}
    for number, step in enumerate(planned.steps):
        yield NewTransaction(
            kind=step.event,
            event_key=key if number == 0 else f"{key}:{number}",
            inputs=inputs,
            lines=[Line(step.event, step.amount_minor, commission.currency, commission.creator_id)],
            subject_id=commission.id,
            effective_at=at if number == 0 else max(at, step.period.starts_at),
            period=step.period,
        )


def _entry_row(
    now: datetime, planned: PlannedChange, reason: Mapping[str, Any], posted: Sequence[str]
) -> dict[str, Any]:
    """The columns of an entry. `reason` has those of its reason, `posted` the ids of its transactions."""
    change = planned.change
    return {
        "id": new_id("cen", now),
        "commission_id": planned.commission.id,
        "line": planned.line,
        "kind": change.kind,
        "cause_id": change.cause_id,
        **reason,
        "amount_before_minor": planned.amount_before_minor,
        "amount_after_minor": planned.amount_after_minor,
        "transaction_id": next(iter(posted), None),
        "returned_from": change.returned_from,
        "effective_at": change.effective_at,
        "created_at": now,
    }


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
