"""Holds and changes of commissions of which creators are told: causes of messages, a statement for a batch.

What a person decides has causes of its own (payouts/statements/decisions/notices.py).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from config.among import among
from payouts.commissions.models import Commission, PlacedBy
from payouts.commissions.reasons import CommissionReason
from payouts.commissions.worth.causes import REPORT_KINDS
from tracker.mail.causes import Cause, due_together, note_all
from tracker.mail.kinds import MailKind

_TOLD_CHANGES = REPORT_KINDS | {"superseded"}
"""The kinds of entries that lower or raise a commission by a shop's report or by new evidence."""

_NOT_TOLD = (PlacedBy.PERSON.value, PlacedBy.CARRIED_OVER.value)
"""Holds of which the creator is told by the decision, now or at the commission before."""


def note_holds(session: Session, now: datetime, brand_id: str, placed: Sequence[Mapping[str, Any]]) -> None:
    """The creators have to be told of these new holds, given as their rows."""
    told = {each["id"]: each["commission_id"] for each in placed if each["placed_by"] not in _NOT_TOLD}
    if not told:
        return
    creators = dict(row for row in session.execute(_creators_query(), {"ids": list(told.values())}))
    due = due_together(now)
    causes = [
        Cause(MailKind.LINE_HELD, brand_id, hold_id, creators[commission_id], due)
        for hold_id, commission_id in told.items()
    ]
    note_all(session, now, causes)


@cache
def _creators_query() -> Select[str, str]:
    """Parameter: `ids`, of commissions."""
    return select(Commission.id, Commission.creator_id).where(among(Commission.id, "ids"))


def note_changes(
    session: Session,
    now: datetime,
    brand_id: str,
    entries: Sequence[Mapping[str, Any]],
    creator_ids: Sequence[str],
) -> None:
    """The creators have to be told of some of these new entries, given as their rows."""
    due = due_together(now)
    causes = [
        Cause(kind, brand_id, row["id"], creator_id, due)
        for row, creator_id in zip(entries, creator_ids, strict=True)
        if (kind := _kind_of(row)) is not None
    ]
    note_all(session, now, causes)


def _kind_of(row: Mapping[str, Any]) -> MailKind | None:
    change_minor = row["amount_after_minor"] - row["amount_before_minor"]
    if row["kind"] in _TOLD_CHANGES and change_minor:
        return MailKind.LINE_REVERSED if change_minor < 0 else MailKind.LINE_RESTORED
    is_release = row["reason_code"] == CommissionReason.RELEASE_AFTER_HOLD and row["returned_from"] is None
    return MailKind.LINE_RELEASED if is_release else None
