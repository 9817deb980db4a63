"""Closes periods: books everything that belongs to them, then drafts their statements for review.

A job does it in several transactions: `begin_closing`; the `booking_steps`, each until nothing is left; then
`close_oldest`. After a crash it finds the period in the state `closing` and does the same again.
Then it writes the rows of the statements (payouts/statements/rows/writing.py).
`close_period` and `close_ended_periods` do all of it in one transaction.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.insert import insert_once
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import AdjustmentRun, adjust_due
from payouts.commissions.holds.ending import end_holds
from payouts.commissions.holds.reapplying import reapply_holds
from payouts.commissions.release import ReleaseRun, release_due
from payouts.ledger.balances import currencies_of
from payouts.ledger.calendar import midnight_after, span_with_name
from payouts.ledger.models import Period
from payouts.ledger.operations import lock_books
from payouts.ledger.pay_days import note_draft
from payouts.ledger.periods import (
    ensure_period,
    get_period,
    has_period_until,
    mark_closed,
    mark_closing,
    next_to_close,
)
from payouts.statements.models import Statement
from payouts.statements.notices import note_drafts
from payouts.statements.rows.writing import write_rows
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Invalid, NotNow
from tracker.ids import new_id
from tracker.people.accounts.models import Brand
from tracker.people.accounts.operations import get_brand
from tracker.people.accounts.rules_versions import load_rules, minimum_of

BATCH = 500


def close_period(session: Session, now: datetime, brand_id: str, name: str) -> list[Statement]:
    """Close a period and every earlier one, oldest first. Returns the statements of the named one.

    As `close_without_rows`, and the rows of the statements are written, too.
    """
    drafts = close_without_rows(session, now, brand_id, name)
    _write_rows(session, now, brand_id)
    return drafts


def close_without_rows(session: Session, now: datetime, brand_id: str, name: str) -> list[Statement]:
    """Close a period and every earlier one; the rows of the statements are written afterwards.

    Closing a closed period changes nothing. Raises NotNow when the period has not ended, Invalid when the
    brand's calendar has no such period, or it ended before the brand was set up and nothing was recorded.
    """
    brand = get_brand(session, brand_id)
    lock_books(session, brand_id)
    wanted = _ended_period(session, now, brand, name)
    _book_pending_reports(session, now, brand)
    while wanted.state != "closed":
        oldest = next_to_close(session, now, brand)
        assert oldest is not None, "the wanted period itself is not closed"
        _close(session, now, brand, oldest)
        session.refresh(wanted)
    return statements_of(session, brand_id, wanted.id)


def begin_closing_period(session: Session, now: datetime, brand_id: str, name: str) -> None:
    """Before `close_period`: say that it has begun. Raises as that does."""
    brand = get_brand(session, brand_id)
    lock_books(session, brand_id)
    if _ended_period(session, now, brand, name).state != "closed":
        begin_closing(session, now, brand_id)


def begin_closing_by_person(
    session: Session, now: datetime, brand_id: str, name: str, *, actor: Actor
) -> None:
    """As `begin_closing_period`; who wants it is recorded, unless the period is closed already."""
    begin_closing_period(session, now, brand_id, name)
    period = get_period(session, brand_id, name)
    if period.state != "closed":
        whose = about(Subject.PERIOD, period.id, brand_id)
        record(session, now, actor, Action.STATEMENT_CLOSE, **whose, after={"until": name})


def _ended_period(session: Session, now: datetime, brand: Brand, name: str) -> Period:
    span = span_with_name(load_rules(session, brand.id), name)
    if span.ends_at <= brand.created_at and not has_period_until(session, brand.id, span):
        raise Invalid(f"Nothing was recorded until {name}, which ended before {brand.name} was set up here.")
    wanted = ensure_period(session, now, brand, span)
    if now < wanted.ends_at:
        raise NotNow(f"Period {name} ends at {wanted.ends_at:%Y-%m-%d %H:%M} UTC; close it after that.")
    return wanted


def close_ended_periods(session: Session, now: datetime, brand_id: str) -> list[str]:
    """Close every period that has ended. Returns their names, oldest first."""
    closed = []
    while (name := close_oldest(session, now, brand_id)) is not None:
        closed.append(name)
    _write_rows(session, now, brand_id)
    return closed


def begin_closing(session: Session, now: datetime, brand_id: str) -> Period | None:
    """The oldest period that is not closed, now in the state `closing`; None when it has not ended."""
    brand = get_brand(session, brand_id)
    lock_books(session, brand_id)
    oldest = next_to_close(session, now, brand)
    if oldest is None or oldest.ends_at > now:
        return None
    mark_closing(session, oldest)
    session.refresh(oldest)
    return oldest


BookingStep = Callable[..., int]
"""Takes the session, `now`, a limit of commissions and `brand_id`; returns how many it did."""


def booking_steps(period: Period) -> list[BookingStep]:
    """What is booked before a period is closed, in this order, each until nothing is left.

    It ends with the release of what was due before the end of the period.
    """
    before = period.ends_at
    return [
        accrue_due,
        AdjustmentRun(),
        partial(end_holds, before=before),
        reapply_holds,
        ReleaseRun(before),
    ]


def close_oldest(session: Session, now: datetime, brand_id: str) -> str | None:
    """Book what is left, close the oldest period, and draft its statements. Returns its name.

    None when the oldest period that is not closed has not ended.
    """
    brand = get_brand(session, brand_id)
    lock_books(session, brand_id)
    _book_pending_reports(session, now, brand)
    oldest = next_to_close(session, now, brand)
    if oldest is None or oldest.ends_at > now:
        return None
    _close(session, now, brand, oldest)
    return oldest.name


def statements_of(session: Session, brand_id: str, period_id: str) -> list[Statement]:
    return list(
        session.execute(
            select(Statement)
            .where(Statement.brand_id == brand_id, Statement.period_id == period_id)
            .order_by(Statement.currency)
        ).scalars()
    )


def _book_pending_reports(session: Session, now: datetime, brand: Brand) -> None:
    """Accrue and enter refunds (docs/money.md 6). This may create a period older than all existing ones."""
    _repeat_until_done(lambda limit: accrue_due(session, now, limit, brand_id=brand.id))
    _repeat_until_done(lambda limit: adjust_due(session, now, limit, brand_id=brand.id))


def _close(session: Session, now: datetime, brand: Brand, period: Period) -> None:
    """Release what was due before the end, close, and draft. Pending reports were booked before."""
    _repeat_until_done(lambda limit: end_holds(session, now, limit, before=period.ends_at, brand_id=brand.id))
    _repeat_until_done(
        lambda limit: release_due(session, now, limit, before=period.ends_at, brand_id=brand.id)
    )
    mark_closed(session, now, period)
    session.refresh(period)
    rules = load_rules(session, brand.id)
    review_days, zone = rules.review_days_at(now), period.timezone or brand.timezone
    review_starts_at = max(now, period.ends_at)
    pay_from = midnight_after(review_starts_at, review_days + 1, zone)
    note_draft(session, now, period, rules, pay_from, zone)
    for currency in currencies_of(session, brand.id) or [brand.currency]:
        insert_once(
            session,
            Statement,
            id=new_id("stm", now),
            brand_id=brand.id,
            period_id=period.id,
            currency=currency,
            state="draft",
            drafted_at=now,
            review_ends_at=midnight_after(review_starts_at, review_days, zone),
            pay_from=pay_from,
            sealed_at=None,
            approved_by=None,
            minimum_minor=minimum_of(session, brand, currency, now),
            review_days=review_days,
        )
    note_drafts(session, now, statements_of(session, brand.id, period.id))


def _write_rows(session: Session, now: datetime, brand_id: str) -> None:
    _repeat_until_done(lambda limit: write_rows(session, now, limit, brand_id=brand_id))


def _repeat_until_done(step: Callable[[int], int]) -> None:
    while step(BATCH):
        pass
