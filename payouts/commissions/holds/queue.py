"""The held commissions, with reasons and evidence, about which a person decides."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, aliased

from payouts.commissions.holds.ends import AtTheEnd, asked_from
from payouts.commissions.holds.placing import hold_words, is_liftable, lift_words, settled_minor
from payouts.commissions.models import Commission, Entry, Hold
from payouts.commissions.pay_dates import pay_date_moves, pay_dates_json
from tracker.money import Money
from tracker.people.accounts.brand_rules import BrandRules
from tracker.people.accounts.models import Creator
from tracker.people.accounts.rules_versions import load_rules
from tracker.sales.orders.models import Sale
from tracker.sales.suspicion.rules import evidence_text
from tracker.times import format_utc, optional_utc_text


@dataclass(frozen=True)
class HeldCommission:
    """A commission that would be paid if `holds` were lifted, oldest hold first.

    `is_liftable`: a person may lift one of them. The others end with their causes. `pay_dates` is JSON, as
    `pay_dates_json` gives it.
    """

    commission_id: str
    brand_id: str
    order_id: str
    creator: Creator
    worth: Money
    release_at: datetime
    rules: BrandRules
    holds: Sequence[Hold]
    is_liftable: bool
    pay_dates: Mapping[str, Any]


def held_commissions(session: Session, *, brand_id: str = "", signal: str = "") -> list[HeldCommission]:
    """Held commissions with an unpaid amount, of one brand or of all; with `signal`, only those it holds.

    The one that has been held longest comes first.
    """
    found: dict[str, tuple[Commission, str, Creator, int]] = {}
    rules: dict[str, BrandRules] = {}
    holds: dict[str, list[Hold]] = defaultdict(list)
    for hold, commission, order_id, creator, worth_minor in session.execute(_active_holds(brand_id, signal)):
        if commission.matured_at is not None and settled_minor(session, commission.id) >= worth_minor:
            continue  # it was paid before the hold was placed
        holds[commission.id].append(hold)
        found[commission.id] = (commission, order_id, creator, worth_minor)
        if commission.brand_id not in rules:
            rules[commission.brand_id] = load_rules(session, commission.brand_id)
    moves = pay_date_moves(session, list(found))
    return [
        _held(session, *each, rules[each[0].brand_id], holds[commission_id], moves.get(commission_id, ()))
        for commission_id, each in found.items()
    ]


def _held(
    session: Session,
    commission: Commission,
    order_id: str,
    creator: Creator,
    worth_minor: int,
    rules: BrandRules,
    holds: Sequence[Hold],
    moves: Sequence[Mapping[str, Any]],
) -> HeldCommission:
    return HeldCommission(
        commission.id,
        commission.brand_id,
        order_id,
        creator,
        Money(worth_minor, commission.currency),
        commission.release_at,
        rules,
        holds,
        any(is_liftable(session, hold) for hold in holds),
        pay_dates_json(rules, commission, moves),
    )


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


def hold_json(hold: Hold, rules: BrandRules) -> dict[str, Any]:
    """The hold for the brand, with the evidence, which creators do not see.

    `until` is when it ends if nobody decides, and `at_the_end` what happens then: an AtTheEnd.
    """
    ends_at, at_the_end = _end_of(hold, rules)
    return {
        "kind": hold.kind,
        "signal": hold.signal,
        "why": hold_words(hold),
        "placed_by": hold.placed_by,
        "reason_code": hold.reason_code,
        "reason_parameters": hold.reason_parameters,
        "evidence": hold.evidence,
        "since": format_utc(hold.placed_at),
        "until": optional_utc_text(ends_at),
        "at_the_end": at_the_end.value,
        "asked_at": optional_utc_text(hold.asked_at),
        "extended": hold.extended,
        "lifted_at": optional_utc_text(hold.lifted_at),
        "note": lift_words(hold),
        "lift_code": hold.lift_code,
    }


def _end_of(hold: Hold, rules: BrandRules) -> tuple[datetime | None, AtTheEnd]:
    """No time for a review hold that lacks its end: the job that ends holds will give it one."""
    if hold.ends_at is None and hold.kind == "dispute":
        timezone = rules.calendar_at(hold.placed_at).timezone
        return asked_from(hold.placed_at, timezone), AtTheEnd.PROVIDER_ASKED
    return hold.ends_at, AtTheEnd.RELEASED


_END_WORDS = {
    AtTheEnd.RELEASED: "until {until}, if nobody decides; then released, unless something else holds it",
    AtTheEnd.PROVIDER_ASKED: "until the dispute ends; if it has not by {until}, the provider is asked",
}


def end_text(data: dict[str, Any]) -> str:
    """Until when the hold that `hold_json` returned lasts, and what happens then."""
    return _END_WORDS[AtTheEnd(data["at_the_end"])].format(until=data["until"] or "its end is known")


def hold_text(data: dict[str, Any]) -> str:
    """What `hold_json` returned, in words."""
    more = evidence_text(data["signal"], data["evidence"]) if data["evidence"] else ""
    return f"{data['why']} ({more})" if more else str(data["why"])
