"""Releases commissions whose release date has come and that nothing holds."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from config.among import among
from config.columns import UtcTime
from payouts.commissions.due.present_state import CommissionState, load_states, periods_by_start
from payouts.commissions.entries import (
    Change,
    DatedStep,
    current_amount_minor,
    dated,
    draft_periods,
    entries_of,
    locked_commission,
    owner_conditions,
    period_at,
    record_all,
    record_steps,
)
from payouts.commissions.holds.of_events import sales_with_new_events
from payouts.commissions.holds.open_holds import is_held
from payouts.commissions.holds.placing import holds_by_commission
from payouts.commissions.holds.reapplying import reapply_holds
from payouts.commissions.models import Commission, Entry
from payouts.commissions.movements import movements_of_commission, taken_from_returned
from payouts.commissions.positions import Step, release_in_draft_steps, release_steps
from payouts.commissions.reasons import CommissionReason
from payouts.ledger.models import Period
from payouts.ledger.operations import lock_books
from payouts.ledger.periods import periods_for
from tracker.people.accounts.models import Brand
from tracker.people.accounts.operations import get_brand
from tracker.reasons import Reason
from tracker.sales.inbox.unapplied import unapplied_event_ids


def release_due(
    session: Session, now: datetime, limit: int, *, before: datetime | None = None, brand_id: str = ""
) -> int:
    """Release up to `limit` commissions whose release date has come and that nothing holds.

    The close of a period gives `before`: only commissions with an earlier release date. Returns how many were
    released or held again.
    """
    held = reapply_holds(session, now, limit, brand_id=brand_id)
    return held + ReleaseRun(before)(session, now, limit, brand_id=brand_id)


@dataclass(eq=False)
class ReleaseRun:
    """The releases of one run of a job: a step, which is called for each batch.

    A sale is blocked whose order is named by a message that waits and has not held it yet. Which sales these
    are is asked again when other messages wait than at the batch before, not for each batch.
    """

    before: datetime | None = None
    """The close of a period gives it: only commissions with an earlier release date are released."""
    _event_ids: Sequence[str] = ()
    _blocked_sale_ids: Sequence[str] = ()
    _since: dict[str, datetime] = field(default_factory=dict)
    """By brand: the release date of the first commission of the batch before. Those before it are held."""

    def __call__(self, session: Session, now: datetime, limit: int, *, brand_id: str = "") -> int:
        """Release up to `limit` commissions. Returns how many there were."""
        event_ids = unapplied_event_ids(session)
        if event_ids != self._event_ids:
            self._blocked_sale_ids = sales_with_new_events(session, event_ids)
            self._event_ids = event_ids
        until = _until(now, self._blocked_sale_ids, self.before)
        since = self._since.get(brand_id)
        own = {"brand_id": brand_id, "limit": limit, "since": since}
        due: dict[str, list[str]] = defaultdict(list)
        found = session.execute(_releasable(bool(brand_id), since is not None), until | own).all()
        for commission_id, owner, _release_at in found:
            due[owner].append(commission_id)
        for owner, commission_ids in due.items():
            _release_all(session, now, owner, commission_ids)
        if found:
            self._since[brand_id] = found[0].release_at
        return len(found)


def _until(now: datetime, blocked_sale_ids: Sequence[str], before: datetime | None = None) -> dict[str, Any]:
    """Parameters of what can be released: with a release date up to now, and before that time if it is given.

    `blocked_sale_ids` are those of `sales_with_new_events`.
    """
    return {"now": now, "before": before or now, "blocked_sale_ids": blocked_sale_ids}


def brands_to_release(session: Session, now: datetime) -> list[str]:
    """The brands for which a `ReleaseRun` has something to do."""
    if not session.scalars(_brands_query(), _until(now, ())).all():
        return []
    return sorted(session.scalars(_brands_query(), _until(now, sales_with_new_events(session))))


@cache
def _brands_query() -> Select[str]:
    """Parameters: those of `_until`."""
    releasable = exists().where(Commission.brand_id == Brand.id, *_can_be_released())
    return select(Brand.id).where(releasable)


@cache
def _releasable(for_brand: bool, is_later: bool = False) -> Select[str, str, datetime]:
    """Commissions that can be released: ids, their brands, release dates.

    Parameters: those of `_until`, `brand_id`, `limit`, and `since` when it starts later than at the first.
    """
    later = [Commission.release_at >= bindparam("since")] if is_later else []
    return (
        select(Commission.id, Commission.brand_id, Commission.release_at)
        .where(*_can_be_released(), *later, *owner_conditions(for_brand))
        .order_by(Commission.release_at, Commission.id)
        .limit(bindparam("limit"))
    )


def _can_be_released() -> Sequence[ColumnElement[bool] | InstrumentedAttribute[bool]]:
    """Conditions on a commission. Parameters: those of `_until`."""
    return (
        Commission.live,
        Commission.matured_at.is_(None),
        Commission.release_at < bindparam("before"),
        Commission.release_at <= bindparam("now"),
        ~is_held(),
        ~among(Commission.sale_id, "blocked_sale_ids"),
    )


def _release_all(session: Session, now: datetime, brand_id: str, commission_ids: Sequence[str]) -> None:
    """Release commissions of one brand, by a number of statements that does not depend on how many there are.

    Those whose holds took money that came back of a payout are few, and released one by one.
    """
    lock_books(session, brand_id)
    held, lifts = holds_by_commission(session, commission_ids)
    due = [
        each
        for each in load_states(session, commission_ids, of_accrued=False)
        if each.matured_at is None and each.live and each.ref.id not in held  # else another worker was faster
    ]
    together = [each for each in due if not each.returned]
    released_at = {each.ref.id: _released_at(each, lifts.get(each.ref.id)) for each in due}
    brand = get_brand(session, brand_id)
    counted_in = periods_for(session, now, brand, {released_at[each.ref.id] for each in together})
    periods = periods_by_start(session, brand_id)
    planned = []
    for each in together:
        at = released_at[each.ref.id]
        steps = _steps(each, counted_in[at].starts_at)
        change = Change("mature", _times_released(each), _reason(each.ref.id in lifts), at)
        planned.append(each.plan(change, steps, periods, after_minor=each.amount_minor))
    record_all(session, now, brand_id, planned)
    _mark_released(session, now, [each.ref.id for each in together])
    for each in due:
        if each.returned:
            commission = locked_commission(session, each.ref.id)
            reason = _reason(each.ref.id in lifts)
            release_commission(session, now, commission, reason, released_at[each.ref.id])


def _steps(state: CommissionState, period_starts_at: datetime) -> Sequence[Step]:
    if not state.is_only_accrued:
        return release_steps(state.movements, period_starts_at)
    return [Step(period_starts_at, "mature", state.amount_minor)] if state.amount_minor else []


def _released_at(state: CommissionState, lifted_at: datetime | None) -> datetime:
    return max(state.release_at, lifted_at or state.release_at)


def _reason(was_held: bool) -> Reason:
    return Reason(CommissionReason.RELEASE_AFTER_HOLD if was_held else CommissionReason.RELEASE_DATE)


def _times_released(state: CommissionState) -> str:
    return f"{state.ref.id}:{sum(kind == 'mature' for kind, _cause in state.entered) + 1}"


def _mark_released(session: Session, now: datetime, commission_ids: Sequence[str]) -> None:
    first_released_at = func.coalesce(Commission.first_released_at, bindparam("first", type_=UtcTime()))
    released = update(Commission).where(among(Commission.id, "commission_ids"))
    released = released.values(matured_at=now, first_released_at=first_released_at)
    released = released.execution_options(synchronize_session="fetch")
    session.execute(released, {"commission_ids": commission_ids, "first": now})


def release_in_draft(session: Session, now: datetime, commission: Commission, draft: Period) -> bool:
    """Release by a decision on a draft what was due before the end of its period and is held by nothing.

    Returns whether it was released. Call it under the brand's lock.
    """
    due = _releasable(False).where(Commission.id == commission.id)
    until = _until(now, sales_with_new_events(session), draft.ends_at)
    if session.scalar(due, until | {"limit": 1}) is None:
        return False
    reason = Reason(CommissionReason.RELEASE_AFTER_HOLD)
    release_commission(session, now, commission, reason, now, draft=draft)
    return True


def release_commission(
    session: Session,
    now: datetime,
    commission: Commission,
    reason: Reason,
    effective_at: datetime,
    *,
    draft: Period | None = None,
) -> None:
    """Move everything that is held to `payable`. Nothing may hold it any more, and its release date is over.

    Only decisions on a draft give `draft`: what stands there is released there.
    """
    entries = entries_of(session, commission.id)
    times = sum(entry.kind == "mature" for entry in entries) + 1
    _give_back_returned(session, now, commission, reason, f"{commission.id}:{times}")
    change = Change("mature", f"{commission.id}:{times}", reason, effective_at, draft=draft)
    record_steps(session, now, commission, change, _release_steps(session, now, commission, entries, change))
    commission.matured_at = now
    commission.first_released_at = commission.first_released_at or now
    session.flush()


def _release_steps(
    session: Session, now: datetime, commission: Commission, entries: list[Entry], change: Change
) -> list[DatedStep]:
    at_period = period_at(session, now, commission, change.effective_at)
    if len(entries) == 1 and change.draft is None:  # nothing but the accrual: the usual case needs no query
        amount = current_amount_minor(entries)
        return [DatedStep(at_period, "mature", amount)] if amount else []
    moved = movements_of_commission(session, commission.id)
    if change.draft is None:
        steps = release_steps(moved, at_period.starts_at)
    else:
        steps = release_in_draft_steps(moved, draft_periods(session, now, commission, change.draft))
    return dated(session, commission.brand_id, steps)


def _give_back_returned(
    session: Session, now: datetime, commission: Commission, reason: Reason, cause_id: str
) -> None:
    """What was held of the money that came back of a payout belongs to that payout again."""
    taken = taken_from_returned(session, commission.id) if commission.first_released_at else {}
    for payout_id, taken_minor in taken.items():
        moved = movements_of_commission(session, commission.id).values()
        amount = min(taken_minor, sum(each.pending_minor for each in moved))
        if amount > 0:
            steps = [DatedStep(period_at(session, now, commission, now), "mature", amount)]
            change = Change("mature", f"{cause_id}:{payout_id}", reason, now, returned_from=payout_id)
            record_steps(session, now, commission, change, steps)
