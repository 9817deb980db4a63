"""What a line says only when it is shown or sealed: open holds, messages that wait, moves of its pay date."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select, union
from sqlalchemy.orm import Session

from config.among import among
from config.canonical import canonical_json
from payouts.commissions.holds.placing import hold_words
from payouts.commissions.models import Commission, Hold
from payouts.commissions.pay_dates import pay_date_moves
from tracker.sales.inbox.unapplied import unapplied_by_sale, unapplied_event_ids
from tracker.times import format_utc

NOTHING_MORE = ",[],[],[]]"
"""The end of a line without open holds, messages that wait and moves of its pay date."""


def waiting_messages(session: Session, brand_id: str) -> Mapping[str, Sequence[str]]:
    """By live commission of a brand: the ids of parked or conflicting messages about its order."""
    found: dict[str, list[str]] = defaultdict(list)
    event_ids = unapplied_event_ids(session)
    if not event_ids:
        return found
    parameters = {"brand_id": brand_id, "event_ids": event_ids}
    for commission_id, event_id in session.execute(_waiting(), parameters):
        found[commission_id].append(event_id)
    return found


@cache
def _waiting() -> Select[str, str]:
    """Starts from the messages, which are few. Parameters: `brand_id`, `event_ids`."""
    named = union(*unapplied_by_sale()).subquery()
    return (
        select(Commission.id, named.c.event_id)
        .join(named, named.c.sale_id == Commission.sale_id)
        .where(Commission.brand_id == bindparam("brand_id"), Commission.live)
        .order_by(Commission.id, named.c.event_id)
    )


def whole_lines(session: Session, rows: Sequence[Any], waiting: Mapping[str, Sequence[str]]) -> list[str]:
    """The rows of the sealed format, from rows with `commission_id`, `held_minor` and `body`."""
    ids = [row.commission_id for row in rows]
    held = [row.commission_id for row in rows if row.held_minor > 0]
    holds = _open_holds(session, held) if held else {}
    moves = pay_date_moves(session, ids)
    say_more = holds.keys() | moves.keys() | (waiting.keys() & ids)
    ends = {each: _end(holds.get(each, ()), waiting.get(each, ()), moves.get(each, ())) for each in say_more}
    return [row.body[:-1] + ends.get(row.commission_id, NOTHING_MORE) for row in rows]


def _end(holds: Sequence[Any], messages: Sequence[Any], moves: Sequence[Any]) -> str:
    return f",{canonical_json(holds)},{canonical_json(messages)},{canonical_json(moves)}]"


def _open_holds(session: Session, commission_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """By commission, oldest first, as the creator sees them; the evidence is shown only to the brand."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for hold in session.scalars(_holds(), {"ids": commission_ids}):
        found[hold.commission_id].append(
            {
                "why": hold_words(hold),
                "reason_code": hold.reason_code,
                "reason_parameters": hold.reason_parameters,
                "since": format_utc(hold.placed_at),
            }
        )
    return found


@cache
def _holds() -> Select[Hold]:
    """Parameter: `ids`."""
    return (
        select(Hold)
        .where(among(Hold.commission_id, "ids"), Hold.lifted_at.is_(None))
        .order_by(Hold.placed_at, Hold.id)
    )
