"""Moves of expected pay dates: what was said stays, and each change is a row with its reason.

The day that was expected at the accrual is in the row of the commission.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from config.among import among
from config.insert import insert_all
from payouts.commissions.dates import PayDates
from payouts.commissions.models import Commission, Hold, PayDateMove
from payouts.commissions.reasons import COMMISSION_TEXTS, CommissionReason
from tracker.ids import new_id
from tracker.people.accounts.rules_versions import load_rules
from tracker.reasons import Reason
from tracker.times import format_utc


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
    job lifts. Returns how many moved. A dispute without an end moves nothing: nobody knows when it ends. Nor
    does a release, which is on its day.
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
def _dates_query() -> Select[*tuple[Any, ...]]:
    """Of live commissions, without those that are older than the dates. Parameter: `ids`."""
    dates = (Commission.release_at, Commission.matured_at, Commission.expected_pay_on)
    found = select(Commission.brand_id, Commission.id, *dates)
    is_dated = (Commission.live, Commission.expected_pay_on.is_not(None))
    return found.where(among(Commission.id, "ids"), *is_dated).order_by(Commission.id)
