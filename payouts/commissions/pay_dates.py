"""Expected pay dates and their moves: what was said stays, and each change is a row with its reason.

The day that was expected at the accrual is in the row of the commission. Both are shown.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from config.among import among
from config.insert import insert_all
from payouts.commissions.dates import expected_pay_date
from payouts.commissions.models import Commission, Hold, PayDateMove
from payouts.commissions.period_moves import DayMove, Line, PeriodMove, PresentDays, merged, period_move
from payouts.commissions.reasons import COMMISSION_TEXTS, CommissionReason
from payouts.ledger.models import PayDayMove
from payouts.ledger.pay_days import pay_day_moves
from tracker.ids import new_id
from tracker.people.accounts.brand_rules import BrandRules
from tracker.people.accounts.rules_versions import load_rules
from tracker.reasons import Reason
from tracker.times import format_utc, parse_utc


def pay_date_moves(session: Session, commission_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """By commission, of those whose pay date moved: the moves as JSON, in their order.

    Moves of a line and of the period in which it is released.
    """
    return {
        commission_id: [_move_json(each) for each in moves]
        for commission_id, moves in _moves(session, commission_ids).items()
    }


def _move_json(move: DayMove) -> dict[str, Any]:
    return {
        "from": move.from_on,
        "to": move.to_on,
        "why": move.why,
        "reason_code": move.reason_code,
        "reason_parameters": move.reason_parameters,
        "at": format_utc(move.moved_at),
    }


def pay_dates_json(
    rules: BrandRules, commission: Commission, moves: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The day that was expected at the accrual, the present one, and the moves from one to the other.

    The first is computed for a commission that is older than the stored day.
    """
    first = commission.expected_pay_on or expected_pay_date(rules, commission.release_at)
    return {
        "pay_date": first,
        "pay_date_now": moves[-1]["to"] if moves else first,
        "pay_date_moves": list(moves),
    }


def _moves(session: Session, commission_ids: Sequence[str]) -> dict[str, list[DayMove]]:
    """By commission, of those whose pay date moved."""
    parameters = {"ids": list(commission_ids)}
    own: dict[str, list[DayMove]] = defaultdict(list)
    for move in session.scalars(_own_query(), parameters):
        own[move.commission_id].append(_own_move(move))
    of_periods: dict[str, list[PeriodMove]] = defaultdict(list)
    for each in session.scalars(_of_periods_query(), parameters):
        of_periods[each.brand_id].append(period_move(each))
    if not of_periods:
        return dict(own)
    for row in session.execute(_lines_query(), parameters):
        line = Line(*row)
        if found := merged(line, own.get(line.commission_id, ()), of_periods.get(line.brand_id, ())):
            own[line.commission_id] = found
    return dict(own)


def _own_move(move: PayDateMove) -> DayMove:
    parameters = move.reason_parameters
    released = parameters.get("released") or parameters.get("until")
    return DayMove(
        move.from_on,
        move.to_on,
        COMMISSION_TEXTS.shown(move.reason, move.reason_code, parameters),
        move.reason_code,
        parameters,
        move.moved_at,
        parse_utc(released) if released else move.moved_at,
    )


class _Said(NamedTuple):
    """The number of the last move, and the day that has been expected since."""

    number: int
    day: str


def note_pay_dates(
    session: Session,
    now: datetime,
    commission_ids: Sequence[str],
    *,
    ended_at: Mapping[str, datetime] | None = None,
) -> int:
    """Write a move for each of these commissions whose pay date is now another one than was said.

    Call it when holds of them were placed, extended or lifted. `ended_at` says when those ended that a late
    job lifts, or a time in the period of the draft in which they are lifted. Returns how many moved.
    A dispute without an end moves nothing: nobody knows when it ends. Nor does a release, on its day.
    """
    parameters = {"ids": sorted(set(commission_ids))}
    ends: dict[str, list[datetime | None]] = defaultdict(list)
    for commission_id, ends_at in session.execute(_ends_query(), parameters):
        ends[commission_id].append(ends_at)
    said = _moves(session, commission_ids)
    numbers = dict(row for row in session.execute(_numbers_query(), parameters))
    days: dict[str, PresentDays] = {}
    rows = []
    for brand_id, commission_id, currency, release_at, matured_at, first_day in session.execute(
        _dates_query(), parameters
    ):
        last_day = said[commission_id][-1].to_on if commission_id in said else first_day
        held_until = [each for each in ends[commission_id] if each is not None]
        is_open_ended = len(held_until) < len(ends[commission_id])
        if is_open_ended or (matured_at is not None and not held_until):
            continue
        if brand_id not in days:
            days[brand_id] = PresentDays(load_rules(session, brand_id), pay_day_moves(session, [brand_id]))
        released = max(release_at, (ended_at or {}).get(commission_id, now), *held_until)
        day = days[brand_id].of(released, currency)
        if day != last_day:
            last = _Said(numbers.get(commission_id, 0), last_day)
            rows.append(_row(now, commission_id, last, day, released, held_until))
    session.flush()
    insert_all(session, PayDateMove, rows)
    return len(rows)


def _row(
    now: datetime,
    commission_id: str,
    last: _Said,
    day: str,
    released: datetime,
    held_until: Sequence[datetime],
) -> dict[str, Any]:
    reason = Reason(CommissionReason.PAY_DATE_AFTER_LIFT, {"released": format_utc(released)})
    if day > last.day and held_until:
        reason = Reason(CommissionReason.PAY_DATE_AFTER_HOLD, {"until": format_utc(max(held_until))})
    return {
        "id": new_id("pdm", now),
        "commission_id": commission_id,
        "number": last.number + 1,
        "from_on": last.day,
        "to_on": day,
        **COMMISSION_TEXTS.columns(reason),
        "moved_at": now,
    }


@cache
def _ends_query() -> Select[str, datetime | None]:
    """Ends of open holds. Parameter: `ids`."""
    own = (among(Hold.commission_id, "ids"), Hold.lifted_at.is_(None))
    return select(Hold.commission_id, Hold.ends_at).where(*own)


@cache
def _numbers_query() -> Select[str, int]:
    """The number of the last move of each commission. Parameter: `ids`."""
    moved = select(PayDateMove.commission_id, func.max(PayDateMove.number))
    return moved.where(among(PayDateMove.commission_id, "ids")).group_by(PayDateMove.commission_id)


@cache
def _own_query() -> Select[PayDateMove]:
    """Parameter: `ids`."""
    moved = select(PayDateMove).where(among(PayDateMove.commission_id, "ids"))
    return moved.order_by(PayDateMove.commission_id, PayDateMove.number)


@cache
def _of_periods_query() -> Select[PayDayMove]:
    """The moves of periods of these commissions' brands, which are few. Parameter: `ids`."""
    brands = select(Commission.brand_id).where(among(Commission.id, "ids"))
    moved = select(PayDayMove).where(PayDayMove.brand_id.in_(brands))
    return moved.order_by(PayDayMove.brand_id, PayDayMove.number)


@cache
def _lines_query() -> Select[*tuple[Any, ...]]:
    """The columns of Line, of commissions that were told a day. Parameter: `ids`."""
    columns = (Commission.release_at, Commission.created_at, Commission.expected_pay_on)
    told = select(Commission.id, Commission.brand_id, Commission.currency, *columns)
    return told.where(among(Commission.id, "ids"), Commission.expected_pay_on.is_not(None))


@cache
def _dates_query() -> Select[*tuple[Any, ...]]:
    """Of live commissions, without those that are older than the dates. Parameter: `ids`."""
    dates = (Commission.release_at, Commission.matured_at, Commission.expected_pay_on)
    found = select(Commission.brand_id, Commission.id, Commission.currency, *dates)
    is_dated = (Commission.live, Commission.expected_pay_on.is_not(None))
    return found.where(among(Commission.id, "ids"), *is_dated).order_by(Commission.id)
