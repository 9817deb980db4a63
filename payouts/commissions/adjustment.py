"""Enters refunds, cancellations and disputes in commissions: each once, as a difference."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from config.among import among
from payouts.commissions.due.present_state import CommissionState, load_states, periods_by_start
from payouts.commissions.due.reported import Unentered, declined_after, facts_after, unentered_reports
from payouts.commissions.due.work import ADJUSTMENT, brands_with_work, finish_work, waiting_work
from payouts.commissions.entries import (
    Change,
    PlannedChange,
    current_amount_minor,
    entries_of,
    locked_commission,
    record_all,
    record_change,
)
from payouts.commissions.holds.new_holds import NewHold, insert_holds
from payouts.commissions.holds.of_events import (
    brands_to_hold_for_events,
    brands_to_lift_for_events,
    hold_for_events,
    lift_for_events,
)
from payouts.commissions.holds.placing import lift_hold, lift_holds, place_hold
from payouts.commissions.holds.reapplying import reapply_holds
from payouts.commissions.models import Commission, Entry, PlacedBy
from payouts.commissions.reasons import CommissionReason
from payouts.commissions.worth.causes import Cause, causes_of
from payouts.commissions.worth.facts import Facts, worth_minor
from payouts.commissions.worth.take_back import take_back_end_of
from payouts.ledger.models import Period
from payouts.ledger.operations import lock_books
from payouts.ledger.periods import periods_for
from tracker.people.accounts.operations import get_brand
from tracker.reasons import Reason
from tracker.sales.inbox.unapplied import unapplied_event_ids
from tracker.sales.orders.amounts import amounts_of
from tracker.sales.orders.models import DisputeStatus, Sale


def adjust_due(
    session: Session, now: datetime, limit: int, *, brand_id: str = "", creator_id: str = ""
) -> int:
    """Enter up to `limit` new reports of shops. Returns how many reports and holds were processed.

    Unapplied messages hold the commissions. These holds are lifted after everything else has been entered.
    """
    held = hold_for_events(session, now, limit, brand_id=brand_id)
    return _enter_or_lift(session, now, limit, held, brand_id, creator_id)


@dataclass(eq=False)
class AdjustmentRun:
    """The adjustments of one run of a job: a step as `adjust_due`, which is called for each batch of a brand.

    Whether a message holds something is asked again when other messages wait than when none did, not for each
    batch. What a sale that comes in between needs is done by the next run.
    """

    _without_new_holds: dict[str, Sequence[str]] = field(default_factory=dict)
    """By brand: the unapplied messages of which none had something to hold."""

    def __call__(self, session: Session, now: datetime, limit: int, *, brand_id: str) -> int:
        return _enter_or_lift(session, now, limit, self._hold(session, now, limit, brand_id), brand_id)

    def _hold(self, session: Session, now: datetime, limit: int, brand_id: str) -> int:
        event_ids = unapplied_event_ids(session)
        if self._without_new_holds.get(brand_id) == event_ids:
            return 0
        held = hold_for_events(session, now, limit, brand_id=brand_id)
        if not held:
            self._without_new_holds[brand_id] = event_ids
        return held


def _enter_or_lift(
    session: Session, now: datetime, limit: int, held: int, brand_id: str, creator_id: str = ""
) -> int:
    """Enter what waits; when there is nothing and nothing was `held`, lift holds. Returns how many in all."""
    owners = [brand_id] if brand_id else brands_with_work(session, ADJUSTMENT)
    entered = sum(_enter_due(session, now, limit, owner, creator_id) for owner in owners)
    if held or entered:
        return held + entered
    return lift_for_events(session, now, limit, brand_id=brand_id)


def _enter_due(session: Session, now: datetime, limit: int, brand_id: str, creator_id: str) -> int:
    """Enter up to `limit` reports of one brand. Returns how many there were.

    What waits is read again under the lock: until then a commission may be replaced by another one, which has
    to get the report.
    """
    owner = {"brand_id": brand_id, "creator_id": creator_id}
    if not waiting_work(session, ADJUSTMENT, 1, **owner):
        return 0
    lock_books(session, brand_id)
    waiting = waiting_work(session, ADJUSTMENT, limit, **owner)
    live = session.scalars(_live_query(), {"sale_ids": [each.sale_id for each in waiting]})
    _adjust_all(session, now, brand_id, live.all())
    finish_work(session, waiting)
    return len(waiting)


def brands_to_adjust(session: Session) -> list[str]:
    """The brands for which `adjust_due` has something to do."""
    waiting = brands_with_work(session, ADJUSTMENT)
    return sorted({*waiting, *brands_to_hold_for_events(session), *brands_to_lift_for_events(session)})


@cache
def _live_query() -> Select[str]:
    """Ids of the live commissions of sales. Parameter: `sale_ids`."""
    return (
        select(Commission.id)
        .where(among(Commission.sale_id, "sale_ids"), Commission.live)
        .order_by(Commission.id)
    )


def adjust_all(
    session: Session, now: datetime, brand_id: str, *, creator_id: str = "", batch: int = 500
) -> None:
    """Enter everything that the brand's shops have reported so far, without waiting for the job."""
    while adjust_due(session, now, batch, brand_id=brand_id, creator_id=creator_id):
        session.flush()


def enter_pending_reports(session: Session, now: datetime, brand_id: str, creator_id: str = "") -> None:
    """Enter reports and reapply holds before a payout.

    A commission must not be paid while a refund or a dispute of its sale waits for the job.
    """
    adjust_all(session, now, brand_id, creator_id=creator_id)
    reapply_holds(session, now, brand_id=brand_id, creator_id=creator_id)


def adjust(session: Session, now: datetime, commission_id: str) -> None:
    """Enter every cause that is not entered yet, oldest first."""
    commission = locked_commission(session, commission_id)
    _adjust_all(session, now, commission.brand_id, [commission_id])


def _adjust_all(session: Session, now: datetime, brand_id: str, commission_ids: Sequence[str]) -> None:
    """Enter every cause of commissions of one brand. Any number of them takes the same number of statements.

    Disputes about a commission that was released before may move money that is partly in payouts. They are
    few, and such a commission is adjusted by itself.
    """
    lock_books(session, brand_id)
    reports = unentered_reports(session, load_states(session, commission_ids))
    together = [each for each in reports if not _disputes_released(each)]
    entered = [(each, *step) for each in together for step in _worths(each)]
    times = {_effective_at(each, cause) for each, cause, _facts, _worth, changes in entered if changes}
    counted_in = periods_for(session, now, get_brand(session, brand_id), times)
    periods = periods_by_start(session, brand_id)
    planned, holds, lifts = [], [], []
    for each, cause, facts, worth, changes in entered:
        period = counted_in[_effective_at(each, cause)] if changes else None
        planned.append(_planned(each, cause, worth, period, periods))
        if isinstance(cause.row, DisputeStatus):
            dispute_id = cause.row.dispute_id
            if dispute_id in facts.open_disputes():
                holds.append(_dispute_hold(each.state, dispute_id))
            else:
                lifts.append((each.state.ref.id, dispute_id))
    record_all(session, now, brand_id, planned)
    insert_holds(session, now, brand_id, holds)
    lift_holds(session, now, lifts)
    for each in reports:
        if _disputes_released(each):
            _adjust_alone(session, now, each)


def _disputes_released(report: Unentered) -> bool:
    was_released = report.state.first_released_at is not None
    return was_released and any(isinstance(each.row, DisputeStatus) for each in report.causes)


def _worths(report: Unentered) -> Iterator[tuple[Cause, Facts, int, bool]]:
    """After each cause: the facts, what the commission is worth in minor units, whether this changes it."""
    state, facts, before = report.state, report.facts, report.state.amount_minor
    for cause in report.causes:
        facts = cause.applied_to(facts, report.until)
        worth = worth_minor(facts, state.base, state.rate_bp)  # type: ignore[arg-type]
        yield cause, facts, worth, worth != before
        before = worth


def _effective_at(report: Unentered, cause: Cause) -> datetime:
    """Nothing about a sale is effective before it."""
    return max(cause.occurred_at, report.sold_at)


def _change(report: Unentered, cause: Cause) -> Change:
    reason = cause.reason(report.state.ref.currency, report.until)
    inputs = {"event": cause.row.event_id}
    return Change(cause.kind, cause.id, reason, _effective_at(report, cause), inputs)


def _planned(
    report: Unentered,
    cause: Cause,
    worth: int,
    period: Period | None,
    periods: Mapping[datetime, Period],
) -> PlannedChange:
    """`period` is the one in which a difference counts; None without one."""
    state = report.state
    steps = [] if period is None else state.change_steps(period.starts_at, worth - state.amount_minor)
    return state.plan(_change(report, cause), steps, periods, after_minor=worth)


def _dispute_hold(state: CommissionState, dispute_id: str) -> NewHold:
    reason = Reason(CommissionReason.DISPUTE_OPEN, {"dispute": dispute_id})
    return NewHold(state.ref.id, state.release_at, PlacedBy.DISPUTE, dispute_id, reason)


def _adjust_alone(session: Session, now: datetime, report: Unentered) -> None:
    commission = locked_commission(session, report.state.ref.id)
    for cause, facts, worth, _changes in _worths(report):
        record_change(session, now, commission, _change(report, cause), amount_after_minor=worth)
        if isinstance(cause.row, DisputeStatus):
            _update_dispute_hold(session, now, commission, cause.row.dispute_id, facts)


def adjust_to_facts(session: Session, now: datetime, commission: Commission, cause_id: str) -> None:
    """Change the amount to what the facts give: they may have changed while the commission was declined."""
    sale = session.get_one(Sale, commission.sale_id)
    entries, causes = entries_of(session, commission.id), causes_of(session, sale.id)
    facts = entered_facts(sale, causes, entries, take_back_end_of(session, commission, sale))
    worth = worth_minor(facts, commission.base, commission.rate_bp)  # type: ignore[arg-type]
    if worth != current_amount_minor(entries):
        change = Change("recomputed", cause_id, Reason(CommissionReason.AFTER_DECLINE_UNDONE), now)
        record_change(session, now, commission, change, amount_after_minor=worth)


def entered_facts(
    sale: Sale, causes: list[Cause], entries: list[Entry], take_back_until: datetime | None
) -> Facts:
    """The facts that the given entries take into account; `take_back_until` as in `Cause.comes_late`."""
    entered = [(entry.kind, entry.cause_id) for entry in entries]
    return facts_after(amounts_of(sale), causes, entered, take_back_until)


def is_declined(entries: Sequence[Entry]) -> bool:
    """Whether a person declined the commission and did not undo it, or another one replaced it."""
    return declined_after([entry.kind for entry in entries])


def _update_dispute_hold(
    session: Session, now: datetime, commission: Commission, dispute_id: str, facts: Facts
) -> None:
    """An open dispute holds the whole unpaid commission; the hold is lifted when the dispute is decided."""
    if dispute_id in facts.open_disputes():
        reason = Reason(CommissionReason.DISPUTE_OPEN, {"dispute": dispute_id})
        by = PlacedBy.DISPUTE
        place_hold(session, now, commission, placed_by=by, cause_id=dispute_id, reason=reason)
    else:
        lift_hold(session, now, commission.id, dispute_id)
