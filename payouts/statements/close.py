"""Closes periods: books everything that belongs to them, then drafts their statements for review."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.insert import insert_once
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due
from payouts.commissions.holds.ending import end_holds
from payouts.commissions.release import release_due
from payouts.ledger.balances import currencies_of
from payouts.ledger.calendar import midnight_after, span_with_name
from payouts.ledger.models import Period
from payouts.ledger.operations import lock_books
from payouts.ledger.periods import ensure_period, has_period_until, mark_closed, next_to_close
from payouts.statements.models import Statement
from tracker.errors import Invalid, NotNow
from tracker.ids import new_id
from tracker.people.accounts.models import Brand
from tracker.people.accounts.operations import get_brand
from tracker.people.accounts.rules_versions import load_rules, minimum_of

BATCH = 500


def close_period(session: Session, now: datetime, brand_id: str, name: str) -> list[Statement]:
    """Close a period and every earlier open one, oldest first. Returns the statements of the named one.

    Closing a closed period changes nothing. Raises NotNow when the period has not ended, Invalid when the
    brand's calendar has no such period, or it ended before the brand was set up and nothing was recorded.
    """
    brand = get_brand(session, brand_id)
    lock_books(session, brand_id)
    span = span_with_name(load_rules(session, brand_id), name)
    if span.ends_at <= brand.created_at and not has_period_until(session, brand_id, span):
        raise Invalid(f"Nothing was recorded until {name}, which ended before {brand.name} was set up here.")
    wanted = ensure_period(session, now, brand, span)
    if now < wanted.ends_at:
        raise NotNow(f"Period {name} ends at {wanted.ends_at:%Y-%m-%d %H:%M} UTC; close it after that.")
    _book_pending_reports(session, now, brand)
    while wanted.state == "open":
        oldest = next_to_close(session, now, brand)
        assert oldest is not None, "the wanted period itself is open"
        _close(session, now, brand, oldest)
        session.refresh(wanted)
    return statements_of(session, brand_id, wanted.id)


def close_ended_periods(session: Session, now: datetime, brand_id: str) -> list[str]:
    """Close every period that has ended. Returns their names, oldest first."""
    brand = get_brand(session, brand_id)
    lock_books(session, brand_id)
    _book_pending_reports(session, now, brand)
    closed = []
    while (oldest := next_to_close(session, now, brand)) is not None and oldest.ends_at <= now:
        _close(session, now, brand, oldest)
        closed.append(oldest.name)
    return closed


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
    review_days = load_rules(session, brand.id).review_days_at(now)
    review_starts_at, zone = max(now, period.ends_at), period.timezone or brand.timezone
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
            pay_from=midnight_after(review_starts_at, review_days + 1, zone),
            sealed_at=None,
            approved_by=None,
            minimum_minor=minimum_of(session, brand, currency, now),
            review_days=review_days,
        )


def _repeat_until_done(step: Callable[[int], int]) -> None:
    while step(BATCH):
        pass
