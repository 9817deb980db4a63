"""The held commissions, with reasons and evidence, about which a person decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, aliased

from payouts.commissions.holds import settled_minor
from payouts.commissions.models import Commission, Entry, Hold
from tracker.money import Money
from tracker.people.accounts.models import Creator
from tracker.sales.orders.models import Sale
from tracker.sales.suspicion.rules import evidence_text
from tracker.times import format_utc, optional_utc_text


@dataclass(frozen=True)
class HeldCommission:
    """A commission that would be paid if `holds` were lifted, oldest hold first."""

    commission_id: str
    brand_id: str
    order_id: str
    creator: Creator
    worth: Money
    release_at: datetime
    holds: Sequence[Hold]


def held_commissions(session: Session, *, brand_id: str = "", signal: str = "") -> list[HeldCommission]:
    """Held commissions with an unpaid amount, of one brand or of all; with `signal`, only those it holds.

    The one that has been held longest comes first.
    """
    found: dict[str, HeldCommission] = {}
    holds: dict[str, list[Hold]] = {}
    for hold, commission, order_id, creator, worth_minor in session.execute(_active_holds(brand_id, signal)):
        if commission.matured_at is not None and settled_minor(session, commission.id) >= worth_minor:
            continue  # it was paid before the hold was placed
        own = holds.setdefault(commission.id, [])
        own.append(hold)
        found[commission.id] = HeldCommission(
            commission.id,
            commission.brand_id,
            order_id,
            creator,
            Money(worth_minor, commission.currency),
            commission.release_at,
            own,
        )
    return list(found.values())


def _active_holds(brand_id: str, signal: str) -> Select[Hold, Commission, str, Creator, int]:
    last, later = aliased(Entry), aliased(Entry)
    rows = (
        select(Hold, Commission, Sale.order_id, Creator, last.amount_after_minor)
        .join(Commission, Commission.id == Hold.commission_id)
        .join(Sale, Sale.id == Commission.sale_id)
        .join(Creator, Creator.id == Commission.creator_id)
        .join(last, last.commission_id == Commission.id)
        .where(
            Hold.lifted_at.is_(None),
            ~exists().where(later.commission_id == last.commission_id, later.line > last.line),
            last.amount_after_minor > 0,
        )
        .order_by(Hold.placed_at, Hold.id)
    )
    if brand_id:
        rows = rows.where(Commission.brand_id == brand_id)
    if signal:
        placed = aliased(Hold)
        rows = rows.where(
            exists().where(
                placed.commission_id == Commission.id, placed.lifted_at.is_(None), placed.signal == signal
            )
        )
    return rows


def hold_json(hold: Hold) -> dict[str, Any]:
    """The hold for the brand, with the evidence, which creators do not see."""
    return {
        "kind": hold.kind,
        "signal": hold.signal,
        "why": hold.reason,
        "evidence": hold.evidence,
        "since": format_utc(hold.placed_at),
        "lifted_at": optional_utc_text(hold.lifted_at),
        "note": hold.lift_note,
    }


def hold_text(data: dict[str, Any]) -> str:
    """What `hold_json` returned, in words."""
    more = evidence_text(data["signal"], data["evidence"]) if data["evidence"] else ""
    return f"{data['why']} ({more})" if more else str(data["why"])
