"""The held commissions, with reasons and evidence, about which a person decides."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Select, exists, literal, select, tuple_
from sqlalchemy.orm import Session, aliased

from config.among import among
from config.columns import UtcTime
from payouts.commissions.holds.ends import AtTheEnd, asked_from
from payouts.commissions.holds.open_holds import of_open_hold
from payouts.commissions.holds.placing import (
    hold_words,
    holds_of,
    is_liftable,
    lift_words,
    lifted_holds_of,
    settled_minor,
)
from payouts.commissions.models import Commission, Entry, Hold
from payouts.commissions.pay_dates import pay_date_moves, pay_dates_json
from tracker.errors import NotFound
from tracker.money import Money
from tracker.people.accounts.brand_rules import BrandRules
from tracker.people.accounts.models import Creator
from tracker.people.accounts.rules_versions import load_rules
from tracker.sales.orders.models import Sale
from tracker.sales.suspicion.rules import evidence_text
from tracker.times import format_utc, optional_utc_text

_PAGE = 500


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


def held_commissions(
    session: Session, *, brand_id: str = "", signal: str = "", after_id: str = "", limit: int | None = None
) -> list[HeldCommission]:
    """Held commissions with an unpaid amount, of one brand or of all; with `signal`, only those it holds.

    The one that has been held longest comes first. `after_id`: the last one of an earlier list, after which
    this one goes on. Raises NotFound when it was never held.
    """
    return list(islice(_in_order(session, brand_id, signal, after_id, min(limit or _PAGE, _PAGE)), limit))


def _in_order(
    session: Session, brand_id: str, signal: str, after_id: str, page_rows: int
) -> Iterator[HeldCommission]:
    after = _place_of(session, after_id) if after_id else None
    rules: dict[str, BrandRules] = {}
    while page := session.execute(_page(brand_id, signal, after, page_rows)).all():
        ids = [row[1].id for row in page]
        holds, moves = _open_holds(session, ids), pay_date_moves(session, ids)
        for _hold, commission, order_id, creator, worth_minor in page:
            if commission.matured_at is not None and settled_minor(session, commission.id) >= worth_minor:
                continue  # it was paid before the hold was placed
            owner = commission.brand_id
            if owner not in rules:
                rules[owner] = load_rules(session, owner)
            own, moved = holds[commission.id], moves.get(commission.id, ())
            yield _held(session, commission, order_id, creator, worth_minor, rules[owner], own, moved)
        after = _Place(page[-1][0].placed_at, page[-1][0].id)


class _Place(NamedTuple):
    """The place of a commission in the queue: that of its oldest open hold."""

    placed_at: datetime
    hold_id: str


def _place_of(session: Session, commission_id: str) -> _Place:
    """Of one that was released meanwhile: the place that it had before. Raises NotFound."""
    holds = holds_of(session, commission_id)
    if not holds:
        lifted = lifted_holds_of(session, commission_id)
        if not lifted:
            raise NotFound(f"{commission_id} was never held: name the last commission of an earlier list.")
        together = [each for each in lifted if each.lifted_at == lifted[-1].lifted_at]
        holds = sorted(together, key=lambda each: (each.placed_at, each.id))
    return _Place(holds[0].placed_at, holds[0].id)


def _open_holds(session: Session, commission_ids: Sequence[str]) -> dict[str, list[Hold]]:
    """By commission, oldest first."""
    found: dict[str, list[Hold]] = defaultdict(list)
    for hold in session.scalars(_holds_query(), {"ids": commission_ids}):
        found[hold.commission_id].append(hold)
    return found


@cache
def _holds_query() -> Select[Hold]:
    """Parameter: `ids`."""
    own = select(Hold).where(among(Hold.commission_id, "ids"), Hold.lifted_at.is_(None))
    return own.order_by(Hold.placed_at, Hold.id)


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


def _page(
    brand_id: str, signal: str, after: _Place | None, rows: int
) -> Select[Hold, Commission, str, Creator, int]:
    """The oldest open hold of each commission, in the order in which they were placed."""
    last, later, earlier = aliased(Entry), aliased(Entry), aliased(Hold)
    is_before = tuple_(earlier.placed_at, earlier.id) < tuple_(Hold.placed_at, Hold.id)
    is_open_before = (earlier.commission_id == Hold.commission_id, earlier.lifted_at.is_(None), is_before)
    page = (
        select(Hold, Commission, Sale.order_id, Creator, last.amount_after_minor)
        .join(Commission, of_open_hold())
        .join(Sale, Sale.id == Commission.sale_id)
        .join(Creator, Creator.id == Commission.creator_id)
        .join(last, last.commission_id == Commission.id)
        .where(
            Hold.lifted_at.is_(None),
            ~exists().where(*is_open_before),
            ~exists().where(later.commission_id == last.commission_id, later.line > last.line),
            last.amount_after_minor > 0,
        )
        .order_by(Hold.placed_at, Hold.id)
        .limit(rows)
    )
    if after is not None:
        place = tuple_(literal(after.placed_at, UtcTime()), literal(after.hold_id))
        page = page.where(tuple_(Hold.placed_at, Hold.id) > place)
    if brand_id:
        page = page.where(Commission.brand_id == brand_id)
    if signal:
        placed = aliased(Hold)
        of_signal = (placed.commission_id == Commission.id, placed.lifted_at.is_(None))
        page = page.where(exists().where(*of_signal, placed.signal == signal))
    return page


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
