"""New evidence about sales that have a commission: it is confirmed or replaced, and decisions stay."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Select, Update, bindparam, select, update
from sqlalchemy.orm import Session

from config.among import among
from payouts.commissions.attributed import AttributedSale, evidence_of
from payouts.commissions.entries import Change, CommissionRef, PlannedChange, dated, reason_of, record_all
from payouts.commissions.holds.new_holds import NewHold
from payouts.commissions.holds.placing import placer_of
from payouts.commissions.models import Commission, Entry, Hold, PlacedBy
from payouts.commissions.movements import movements_of_commissions
from payouts.commissions.positions import Step, change_steps
from payouts.commissions.reasons import COMMISSION_TEXTS, CommissionReason
from payouts.ledger.periods import periods_for
from tracker.people.accounts.operations import get_brand
from tracker.reasons import Reason


class MadeCommission(NamedTuple):
    """What accrual reads of a commission that a sale has."""

    sale_id: str
    id: str
    revision: int
    live: bool
    creator_id: str
    currency: str
    base: str
    base_minor: int
    rate_bp: int
    release_at: datetime
    matured_at: datetime | None
    first_released_at: datetime | None
    created_at: datetime


class Replaced(NamedTuple):
    """A live commission, and the sale with the newer attribution."""

    previous: MadeCommission | Commission
    sale: AttributedSale


def commissions_of(session: Session, sale_ids: Sequence[str]) -> dict[str, list[MadeCommission]]:
    """By sale: all commissions that were ever made of it, by revision."""
    found: dict[str, list[MadeCommission]] = {}
    for row in session.connection().execute(_made_query(), {"sale_ids": sale_ids}):
        found.setdefault(row[0], []).append(MadeCommission(*row))
    return found


@cache
def _made_query() -> Select[*tuple[Any, ...]]:
    """The fields of MadeCommission in their order. Parameter: `sale_ids`."""
    columns = (getattr(Commission, name) for name in MadeCommission._fields)
    return select(*columns).where(among(Commission.sale_id, "sale_ids")).order_by(Commission.revision)


def supersede_all(
    session: Session,
    now: datetime,
    brand_id: str,
    replaced: Sequence[Replaced],
    *,
    effective_at: datetime | None = None,
    reason: Reason | None = None,
) -> None:
    """Reverse commissions of earlier revisions. Their rows stay, with the reason.

    By itself this happens before the first release, with effect from the time of the sale. A person who moves
    the credit later gives `effective_at` and `reason`.
    """
    if not replaced:
        return
    ids = [each.previous.id for each in replaced]
    last, moved = _last_entries(session, ids), movements_of_commissions(session, ids)
    times = [effective_at or each.sale.occurred_at for each in replaced]
    periods = periods_for(session, now, get_brand(session, brand_id), times)
    steps: list[Sequence[Step]] = []
    for each, at in zip(replaced, times, strict=True):
        amount_minor, is_held = last[each.previous.id].amount_minor, each.previous.matured_at is None
        start, movements = periods[at].starts_at, moved.get(each.previous.id, {})
        steps.append(change_steps(movements, start, -amount_minor, held=is_held) if amount_minor else [])
    in_periods = iter(dated(session, brand_id, [step for own in steps for step in own]))
    planned = []
    for each, at, own in zip(replaced, times, steps, strict=True):
        entry, inputs = last[each.previous.id], {"attribution": each.sale.attribution_id}
        change = Change(
            "superseded", each.sale.attribution_id, reason or _new_evidence(each.sale), at, inputs
        )
        posted = list(islice(in_periods, len(own)))
        planned.append(PlannedChange(_ref(each), change, entry.line + 1, entry.amount_minor, 0, posted))
    record_all(session, now, brand_id, planned)
    session.execute(_no_longer_live(), {"ids": ids})


@cache
def _no_longer_live() -> Update:
    """Parameter: `ids`."""
    return update(Commission).where(among(Commission.id, "ids"), Commission.live).values(live=False)


def confirm_all(session: Session, now: datetime, brand_id: str, confirmed: Sequence[Replaced]) -> None:
    """New evidence for the same credit: the commission belongs to the new revision, and no money moves."""
    if not confirmed:
        return
    last = _last_entries(session, [each.previous.id for each in confirmed])
    planned = []
    for each in confirmed:
        previous, sale = each
        change = Change("confirmed", sale.attribution_id, _new_evidence(sale), previous.created_at)
        line, amount_minor = last[previous.id]
        planned.append(PlannedChange(_ref(each), change, line + 1, amount_minor, amount_minor))
    record_all(session, now, brand_id, planned)
    rows = [
        {"commission_id": previous.id, "to_revision": sale.revision, "to_attribution": sale.attribution_id}
        for previous, sale in confirmed
    ]
    session.connection().execute(_to_revision(), rows)


@cache
def _to_revision() -> Update:
    """Parameters: `commission_id`, `to_revision`, `to_attribution`."""
    one = update(Commission).where(Commission.id == bindparam("commission_id"))
    return one.values(revision=bindparam("to_revision"), attribution_id=bindparam("to_attribution"))


def _ref(replaced: Replaced) -> CommissionRef:
    previous = replaced.previous
    return CommissionRef(previous.id, previous.creator_id, previous.currency)


def _new_evidence(sale: AttributedSale) -> Reason:
    return Reason(CommissionReason.NEW_EVIDENCE, evidence_of(sale.attribution_id, sale))


class _LastEntry(NamedTuple):
    line: int
    amount_minor: int


def _last_entries(session: Session, commission_ids: Sequence[str]) -> dict[str, _LastEntry]:
    """By commission: the number of its last entry, and what it has been worth since."""
    rows = session.connection().execute(_entries_query(), {"ids": commission_ids})
    return {commission_id: _LastEntry(line, amount_minor) for commission_id, line, amount_minor in rows}


@cache
def _entries_query() -> Select[str, int, int]:
    """Parameter: `ids`."""
    columns = (Entry.commission_id, Entry.line, Entry.amount_after_minor)
    return select(*columns).where(among(Entry.commission_id, "ids")).order_by(Entry.line)


def decisions_carried_over(session: Session, accrued: Iterable[Mapping[str, Any]]) -> list[NewHold]:
    """Holds of new commissions whose previous one a person declined or held, until a person releases them.

    `accrued` has the columns of the new commissions. The previous one is not always of the revision before:
    an attribution in between may credit no one.
    """
    later = {each["sale_id"]: each for each in accrued if each["revision"] > 1}
    if not later:
        return []
    before: dict[str, Mapping[str, Any]] = {}
    for sale_id, made in commissions_of(session, list(later)).items():
        older = [each for each in made if each.revision < later[sale_id]["revision"]]
        if older:
            before[older[-1].id] = later[sale_id]
    return [*_declined_before(session, before), *_held_before(session, before)]


def _declined_before(session: Session, before: Mapping[str, Mapping[str, Any]]) -> list[NewHold]:
    """`before`: by the id of the previous commission, the columns of the new one."""
    decisions: dict[str, list[Entry]] = defaultdict(list)
    for entry in session.scalars(_decisions_query(), {"ids": list(before)}):
        decisions[entry.commission_id].append(entry)
    placed = []
    for previous_id, entries in decisions.items():
        undone = {entry.cause_id for entry in entries if entry.kind == "decline_undone"}
        for entry in entries:
            if entry.kind == "decline" and entry.cause_id not in undone:
                decision = COMMISSION_TEXTS.columns(reason_of(entry))
                reason = Reason(CommissionReason.DECLINED_BEFORE, {"decision": decision})
                new, by = before[previous_id], PlacedBy.CARRIED_OVER
                placed.append(NewHold(new["id"], new["release_at"], by, previous_id, reason))
    return placed


@cache
def _decisions_query() -> Select[Entry]:
    """Parameter: `ids`."""
    own = (among(Entry.commission_id, "ids"), Entry.kind.in_(("decline", "decline_undone")))
    return select(Entry).where(*own).order_by(Entry.commission_id, Entry.line)


def _held_before(session: Session, before: Mapping[str, Mapping[str, Any]]) -> list[NewHold]:
    """Without dispute holds, which come from the dispute, and without suspicion, whose rules run again."""
    copies = []
    for placed in session.scalars(_review_holds_query(), {"ids": list(before)}):
        new = before[placed.commission_id]
        by, cause_id = placer_of(session, placed), placed.cause_id
        if by is PlacedBy.PERSON:
            # `review:N` counts holds of one commission: the copy takes the hold's id, so that N stays free.
            by, cause_id = PlacedBy.CARRIED_OVER, placed.id
        reason = reason_of(placed)
        copies.append(NewHold(new["id"], new["release_at"], by, cause_id, reason, ends_at=placed.ends_at))
    return copies


@cache
def _review_holds_query() -> Select[Hold]:
    """Open review holds without a signal. Parameter: `ids`."""
    is_open = (Hold.lifted_at.is_(None), Hold.kind == "review", Hold.signal.is_(None))
    query = select(Hold).where(among(Hold.commission_id, "ids"), *is_open)
    return query.order_by(Hold.placed_at, Hold.id)
