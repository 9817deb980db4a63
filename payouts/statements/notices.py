"""Notices about statements: their causes, and when a mail server accepted the one about a draft.

On a real rail the review of a draft begins with the notice: it ends the brand's review days later, and the
pay day moves with it. What was planned at the draft is kept.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from payouts.ledger.calendar import midnight_after
from payouts.ledger.models import Period
from payouts.ledger.operations import lock_books
from payouts.ledger.pay_days import note_notice
from payouts.statements.models import Statement
from tracker.mail.causes import Cause, note, note_all
from tracker.mail.kinds import MailKind
from tracker.mail.models import Fate, MailMessage
from tracker.people.accounts.models import Brand

REMINDER = timedelta(days=2)
"""How long before the end of the review the reminder is composed."""


def note_drafts(session: Session, now: datetime, drafts: Sequence[Statement]) -> None:
    """The drafts have to be announced, and reminded of where the review is longer than REMINDER."""
    ready = [_cause(MailKind.STATEMENT_READY, each, now) for each in drafts]
    reminders = [
        _cause(MailKind.STATEMENT_REMINDER, each, each.review_ends_at - REMINDER)
        for each in drafts
        if each.review_ends_at - REMINDER > now
    ]
    note_all(session, now, [*ready, *reminders])


def note_approval_by_silence(session: Session, now: datetime, statement: Statement) -> None:
    note(session, now, _cause(MailKind.STATEMENT_APPROVED, statement, now))


def _cause(kind: MailKind, statement: Statement, not_before: datetime) -> Cause:
    return Cause(kind, statement.brand_id, statement.id, None, not_before)


def accepted_at(session: Session, statement_id: str) -> datetime | None:
    """When a mail server first accepted a notice about the draft, for any owner or finance member."""
    return session.scalar(
        select(func.min(MailMessage.ended_at)).where(
            MailMessage.subject_id == statement_id,
            MailMessage.kind.in_((MailKind.STATEMENT_READY.value, MailKind.STATEMENT_REMINDER.value)),
            MailMessage.state == Fate.SENT.value,
        )
    )


def noticed_drafts(session: Session) -> Sequence[str]:
    """Ids of drafts whose notice was accepted and whose review has not begun with it yet."""
    accepted = select(MailMessage.id).where(
        MailMessage.subject_id == Statement.id,
        MailMessage.kind.in_((MailKind.STATEMENT_READY.value, MailKind.STATEMENT_REMINDER.value)),
        MailMessage.state == Fate.SENT.value,
    )
    query = select(Statement.id).where(
        Statement.state == "draft", Statement.noticed_at.is_(None), accepted.exists()
    )
    return session.scalars(query.order_by(Statement.id)).all()


def begin_review(session: Session, now: datetime, statement_id: str) -> bool:
    """Let the review of a draft begin with its notice. False when it has begun, or there is no notice."""
    statement = session.get_one(Statement, statement_id)
    lock_books(session, statement.brand_id)
    session.refresh(statement)
    noticed_at = accepted_at(session, statement_id)
    if statement.state != "draft" or statement.noticed_at is not None or noticed_at is None:
        return False
    period = session.get_one(Period, statement.period_id)
    zone = period.timezone or session.get_one(Brand, statement.brand_id).timezone
    days = statement.review_days or 0
    ends_at = max(statement.review_ends_at, midnight_after(noticed_at, days, zone))
    pay_from = max(statement.pay_from, midnight_after(noticed_at, days + 1, zone))
    planned = (statement.review_ends_at, statement.pay_from)
    session.execute(
        update(Statement)
        .where(Statement.id == statement_id)
        .values(
            noticed_at=noticed_at,
            review_ends_at=ends_at,
            pay_from=pay_from,
            planned_review_ends_at=planned[0] if ends_at != planned[0] else None,
        )
    )
    session.refresh(statement)
    note_notice(
        session,
        now,
        period,
        statement.currency,
        noticed_at=noticed_at,
        pay_from=(planned[1], pay_from),
        zone=zone,
    )
    return True
