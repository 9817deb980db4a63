"""Disputes that nobody ends: their provider is asked, then a person decides, then the hold ends.

What the provider answers is a message like any other: it is stored, applied once, and entered by the job.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payouts.commissions.holds.ends import asked_from, decided_until
from payouts.commissions.models import Commission, Hold
from tracker.people.accounts.rules_versions import load_rules
from tracker.sales.inbox.apply_or_park import receive
from tracker.sales.inbox.models import Event
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.orders.models import DisputeStatus
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import get_source


@dataclass(frozen=True)
class UnendedDispute:
    """A hold of a dispute that has lasted too long. `source_id` is None when no source of it can be asked."""

    hold_id: str
    dispute_id: str
    placed_at: datetime
    timezone: str
    source_id: str | None


class Answer(StrEnum):
    """What came of asking."""

    ENDED = "ended"
    STILL_OPEN = "still_open"
    NOT_KNOWN = "not_known"
    """There is nobody to ask, or the provider does not know the dispute."""


def disputes_to_ask(session: Session, now: datetime) -> Sequence[UnendedDispute]:
    """The open disputes whose provider is to be asked and was not, the oldest first."""
    found = session.execute(
        select(Hold, Commission.brand_id, Commission.sale_id)
        .join(Commission, Commission.id == Hold.commission_id)
        .where(Commission.live, Hold.kind == "dispute", Hold.lifted_at.is_(None), Hold.asked_at.is_(None))
        .order_by(Hold.placed_at, Hold.id)
    )
    due = []
    for placed, brand_id, sale_id in found:
        timezone = load_rules(session, brand_id).calendar_at(placed.placed_at).timezone
        if asked_from(placed.placed_at, timezone) <= now:
            source_id = _askable_source(session, sale_id, placed.cause_id)
            due.append(UnendedDispute(placed.id, placed.cause_id, placed.placed_at, timezone, source_id))
    return due


def _askable_source(session: Session, sale_id: str, dispute_id: str) -> str | None:
    """The first source that reported the dispute and whose provider can be asked about it."""
    sources = session.execute(
        select(Source.id, Source.kind)
        .join(Event, Event.source_id == Source.id)
        .join(DisputeStatus, DisputeStatus.event_id == Event.id)
        .where(DisputeStatus.sale_id == sale_id, DisputeStatus.dispute_id == dispute_id)
        .order_by(DisputeStatus.id)
    )
    return next((source_id for source_id, kind in sources if kind_of(kind).asked_dispute), None)


def enter_answer(
    session: Session,
    now: datetime,
    dispute: UnendedDispute,
    found: Mapping[str, Any] | None,
    *,
    keys: Sequence[str],
) -> Answer | None:
    """Enter what the provider answered; `found` is the dispute as it has it, None without an answer.

    From now on a person can decide, for a limited time. None when the hold was lifted or answered meanwhile.
    """
    is_open = (Hold.lifted_at.is_(None), Hold.asked_at.is_(None))
    asked = update(Hold).where(Hold.id == dispute.hold_id, *is_open)
    asked = asked.values(asked_at=now, ends_at=decided_until(now, dispute.timezone))
    if session.execute(asked.returning(Hold.id)).first() is None:
        return None
    if found is None or dispute.source_id is None:
        return Answer.NOT_KNOWN
    source = get_source(session, dispute.source_id)
    write = kind_of(source.kind).asked_dispute
    body = write(found, now) if write is not None else None
    if body is None:
        return Answer.STILL_OPEN
    receive(session, now, source, f"asked:{dispute.hold_id}", body, keys=keys)
    return Answer.ENDED
