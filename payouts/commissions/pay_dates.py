"""Expected pay dates and their moves: what was said stays, and each change is a row with its reason.

The day that was expected at the accrual is in the row of the commission. Both are shown.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, select, type_coerce
from sqlalchemy.orm import Session

from config.among import among
from config.columns import UtcSeconds
from config.insert import insert_all
from payouts.commissions.dates import PayDates, expected_pay_date
from payouts.commissions.models import Commission, Hold, PayDateMove
from payouts.commissions.reasons import COMMISSION_TEXTS, CommissionReason
from tracker.ids import new_id
from tracker.people.accounts.brand_rules import BrandRules
from tracker.people.accounts.rules_versions import load_rules
from tracker.reasons import Reason
from tracker.times import format_utc


def pay_date_moves(session: Session, commission_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """By commission, of those whose pay date moved: the moves as JSON, in their order."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for move in session.execute(_shown_query(), {"ids": commission_ids}):
        found[move.commission_id].append(
            {
                "from": move.from_on,
                "to": move.to_on,
                "why": COMMISSION_TEXTS.shown(move.reason, move.reason_code, move.reason_parameters),
                "reason_code": move.reason_code,
                "reason_parameters": move.reason_parameters,
                "at": move.moved_at,
            }
        )
    return dict(found)


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
    said = {row[0]: _Said(row[1], row[2]) for row in session.execute(_moves_query(), parameters)}
    pay_dates: dict[str, PayDates] = {}
    rows = []
    for brand_id, commission_id, release_at, matured_at, first_day in session.execute(
        _dates_query(), parameters
    ):
        last = said.get(commission_id, _Said(0, first_day))
        held_until = [each for each in ends[commission_id] if each is not None]
        is_open_ended = len(held_until) < len(ends[commission_id])
        if is_open_ended or (matured_at is not None and not held_until):
            continue
        if brand_id not in pay_dates:
            pay_dates[brand_id] = PayDates(load_rules(session, brand_id))
        day = pay_dates[brand_id].of(max(release_at, (ended_at or {}).get(commission_id, now), *held_until))
        if day != last.day:
            rows.append(_row(now, commission_id, last, day, held_until))
    session.flush()
    insert_all(session, PayDateMove, rows)
    return len(rows)


def _row(
    now: datetime, commission_id: str, last: _Said, day: str, held_until: Sequence[datetime]
) -> dict[str, Any]:
    reason = Reason(CommissionReason.PAY_DATE_AFTER_LIFT)
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
def _moves_query() -> Select[str, int, str]:
    """The last one of a commission comes last. Parameter: `ids`."""
    columns = (PayDateMove.commission_id, PayDateMove.number, PayDateMove.to_on)
    return select(*columns).where(among(PayDateMove.commission_id, "ids")).order_by(PayDateMove.number)


@cache
def _shown_query() -> Select[*tuple[Any, ...]]:
    """Parameter: `ids`."""
    return (
        select(
            PayDateMove.commission_id,
            PayDateMove.from_on,
            PayDateMove.to_on,
            PayDateMove.reason,
            PayDateMove.reason_code,
            PayDateMove.reason_parameters,
            type_coerce(PayDateMove.moved_at, UtcSeconds()).label("moved_at"),
        )
        .where(among(PayDateMove.commission_id, "ids"))
        .order_by(PayDateMove.commission_id, PayDateMove.number)
    )


@cache
def _dates_query() -> Select[*tuple[Any, ...]]:
    """Of live commissions, without those that are older than the dates. Parameter: `ids`."""
    dates = (Commission.release_at, Commission.matured_at, Commission.expected_pay_on)
    found = select(Commission.brand_id, Commission.id, *dates)
    is_dated = (Commission.live, Commission.expected_pay_on.is_not(None))
    return found.where(among(Commission.id, "ids"), *is_dated).order_by(Commission.id)
