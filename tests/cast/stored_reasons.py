"""Faults of stored reasons: each row that was written now has a code, and its words agree with the code."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.commissions.models import Entry, Hold
from payouts.commissions.reasons import COMMISSION_TEXTS
from payouts.jobs.models import JobRun
from payouts.settlement.models import Attempt, Freeze, Payout
from payouts.settlement.reasons import FREEZE_TEXTS, PAYOUT_TEXTS
from payouts.transfers.models import Payee
from tracker.reasons import ReasonTexts

UNKNOWN = "has words that its code does not give"

REASONS: tuple[tuple[type[Any], str, ReasonTexts], ...] = (
    (Entry, "reason", COMMISSION_TEXTS),
    (Hold, "reason", COMMISSION_TEXTS),
    (Payout, "reason", PAYOUT_TEXTS),
    (Attempt, "message", PAYOUT_TEXTS),
    (Payee, "status_reason", PAYOUT_TEXTS),
    (Freeze, "reason", FREEZE_TEXTS),
)
"""Tables, the columns of their words, and the texts of their codes."""


def reason_faults(session: Session) -> list[str]:
    return [*_uncoded(session), *_unknown_origins(session)]


def _uncoded(session: Session) -> Iterator[str]:
    for table, column, texts in REASONS:
        for row in session.scalars(select(table)):
            words, code, parameters = getattr(row, column), row.reason_code, row.reason_parameters
            if bool(words) != bool(code):
                yield f"{row.id} has the words {words!r} and the code {code!r}."
            elif words and texts.shown(UNKNOWN, code, parameters) != words:
                yield f"{row.id} has the words {words!r}, but {code} {parameters} gives others."


def _unknown_origins(session: Session) -> Iterator[str]:
    for hold_id in session.scalars(select(Hold.id).where(Hold.placed_by.is_(None))):
        yield f"{hold_id} does not say by what it was placed."
    for run_id in session.scalars(select(JobRun.id).where(JobRun.started_by.is_(None))):
        yield f"{run_id} does not say who started it."
