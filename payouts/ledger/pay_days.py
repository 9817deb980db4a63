"""Moves of pay days: all lines of a brand that are released in a span of time are paid on another day.

A line was told its day at its accrual. When the brand's rules change, a period is closed late, or its
statement is approved late, one row says so for all lines that expected the former day. The caller holds the
lock of the brand's books.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.insert import insert_all
from payouts.ledger.calendar import pay_date_of, span_at
from payouts.ledger.models import PayDayMove, Period
from payouts.ledger.reasons import PAY_DAY_TEXTS, PayDayReason
from tracker.ids import new_id
from tracker.people.accounts.brand_rules import BrandRules
from tracker.reasons import Reason
from tracker.times import format_utc

LONGEST_WAIT = timedelta(days=460)
"""From a sale to the last time at which it can be released: after a year of hold and two holds for review."""


class MovedSpan(NamedTuple):
    """Lines that are released in it were to be paid on `from_on`, and are paid on `to_on` (YYYY-MM-DD)."""

    released_from: datetime
    released_until: datetime
    from_on: str
    to_on: str


def note_new_rules(
    session: Session, now: datetime, brand_id: str, former: BrandRules, rules: BrandRules
) -> None:
    """Of the period that contains `now` and all later ones: which lines the new rules pay on another day."""
    reason = Reason(PayDayReason.RULES_CHANGED, {"version": rules.newest.version})
    _insert(session, now, brand_id, list(moved_spans(former, rules, now)), reason)


def moved_spans(former: BrandRules, rules: BrandRules, now: datetime) -> Iterator[MovedSpan]:
    """The parts of the former periods that the new rules pay on another day. Pure."""
    at = span_at(former, now).starts_at
    while at < now + LONGEST_WAIT:
        ends_at = min(span_at(former, at).ends_at, span_at(rules, at).ends_at)
        from_on, to_on = pay_date_of(former, at), pay_date_of(rules, at)
        if from_on != to_on:
            yield MovedSpan(at, ends_at, from_on, to_on)
        at = ends_at


def note_draft(
    session: Session, now: datetime, period: Period, rules: BrandRules, pay_from: datetime, zone: str
) -> None:
    """A period was closed: its draft is paid from `pay_from` on, which may be later than was said."""
    from_on = pay_date_of(rules, period.starts_at)
    reason = Reason(PayDayReason.CLOSED_LATE, {"closed_at": format_utc(now)})
    if (days := rules.review_days_at(now)) != rules.review_days_at(period.ends_at):
        reason = Reason(PayDayReason.REVIEW_CHANGED, {"days": days})
    _note(session, now, period, from_on, _day(pay_from, zone), reason)


def note_approval(
    session: Session, now: datetime, period: Period, currency: str, pay_from: datetime, zone: str
) -> None:
    """A statement was approved: it is not paid before, although its pay day may be over."""
    reason = Reason(PayDayReason.APPROVED_LATE, {"approved_at": format_utc(now)})
    if now > pay_from:
        _note(session, now, period, _day(pay_from, zone), _day(now, zone), reason, currency)


def note_notice(
    session: Session,
    now: datetime,
    period: Period,
    currency: str,
    *,
    noticed_at: datetime,
    pay_from: tuple[datetime, datetime],
    zone: str,
) -> None:
    """The review of a draft began with its notice. pay_from: what was planned, and what counts now."""
    reason = Reason(PayDayReason.NOTICED_LATE, {"noticed_at": format_utc(noticed_at)})
    _note(session, now, period, _day(pay_from[0], zone), _day(pay_from[1], zone), reason, currency)


def pay_day_moves(session: Session, brand_ids: Sequence[str]) -> Sequence[PayDayMove]:
    """All of these brands, in their order."""
    own = select(PayDayMove).where(PayDayMove.brand_id.in_(brand_ids))
    return session.scalars(own.order_by(PayDayMove.brand_id, PayDayMove.number)).all()


def _day(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).date().isoformat()


def _note(
    session: Session,
    now: datetime,
    period: Period,
    from_on: str,
    to_on: str,
    reason: Reason,
    currency: str | None = None,
) -> None:
    if from_on != to_on:
        span = MovedSpan(period.starts_at, period.ends_at, from_on, to_on)
        _insert(session, now, period.brand_id, [span], reason, currency)


def _insert(
    session: Session,
    now: datetime,
    brand_id: str,
    spans: Sequence[MovedSpan],
    reason: Reason,
    currency: str | None = None,
) -> None:
    last = select(func.max(PayDayMove.number)).where(PayDayMove.brand_id == brand_id)
    numbered = enumerate(spans, start=1 + (session.scalar(last) or 0))
    rows = [
        {
            "id": new_id("pdd", now),
            "brand_id": brand_id,
            "number": number,
            **span._asdict(),
            "currency": currency,
            **PAY_DAY_TEXTS.columns(reason),
            "moved_at": now,
        }
        for number, span in numbered
    ]
    insert_all(session, PayDayMove, rows)
