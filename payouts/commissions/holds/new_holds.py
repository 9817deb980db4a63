"""The rows of new holds: any number of them in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config.insert import insert_new
from payouts.commissions.holds.ends import latest_end
from payouts.commissions.models import Hold, PlacedBy
from payouts.commissions.notices import note_holds
from payouts.commissions.pay_dates import note_pay_dates
from payouts.commissions.reasons import COMMISSION_TEXTS
from tracker.ids import new_id
from tracker.people.accounts.rules_versions import load_rules
from tracker.reasons import Reason


@dataclass(frozen=True, slots=True)
class NewHold:
    """A hold to place on a commission, whose release date is `release_at`.

    The creator reads `reason`. `ends_at` is the end that a person named; without it the hold lasts as long as
    its kind allows. Only suspicion gives `signal` and `evidence`.
    """

    commission_id: str
    release_at: datetime
    placed_by: PlacedBy
    cause_id: str
    reason: Reason
    ends_at: datetime | None = None
    signal: str | None = None
    evidence: dict[str, Any] | None = None


def insert_holds(session: Session, now: datetime, brand_id: str, holds: Sequence[NewHold]) -> list[NewHold]:
    """Insert holds of one brand's commissions. Returns those whose cause did not hold its commission before.

    The creators are told of them later. It moves no money: that of a commission that was released is moved by
    `place_hold`.
    """
    if not holds:
        return []
    timezone = load_rules(session, brand_id).calendar_at(now).timezone
    rows = [_row(now, each, timezone) for each in holds]
    session.flush()
    inserted = insert_new(session, Hold, rows)
    placed = [each for each, row in zip(holds, rows, strict=True) if row["id"] in inserted]
    note_pay_dates(session, now, [each.commission_id for each in placed])
    note_holds(session, now, brand_id, [row for row in rows if row["id"] in inserted])
    return placed


def _row(now: datetime, hold: NewHold, timezone: str) -> dict[str, Any]:
    return {
        "id": new_id("hld", now),
        "commission_id": hold.commission_id,
        "kind": "dispute" if hold.placed_by is PlacedBy.DISPUTE else "review",
        "cause_id": hold.cause_id,
        "placed_by": hold.placed_by.value,
        **COMMISSION_TEXTS.columns(hold.reason),
        "placed_at": now,
        "lifted_at": None,
        "signal": hold.signal,
        "evidence": hold.evidence,
        "lift_note": None,
        "lift_code": None,
        "ends_at": hold.ends_at or latest_end(hold.placed_by, now, hold.release_at, timezone),
    }
