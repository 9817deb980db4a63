"""Finds the period of a transaction, and closes periods in order."""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, exists, select, update
from sqlalchemy.orm import Session

from config.insert import insert_once
from payouts.ledger.calendar import Span, span_at
from payouts.ledger.models import Period
from tracker.errors import NotFound, NotNow
from tracker.ids import new_id
from tracker.people.accounts.models import Brand
from tracker.people.accounts.rules_versions import load_rules


def period_for(session: Session, now: datetime, brand: Brand, effective_at: datetime) -> Period:
    """The period in which an event with that effective time counts. Call it under the brand's lock.

    It is the one that contains `effective_at`; when that is closed, the oldest that is not (docs/money.md 6).
    """
    return periods_for(session, now, brand, [effective_at])[effective_at]


def periods_for(
    session: Session, now: datetime, brand: Brand, times: Collection[datetime]
) -> dict[datetime, Period]:
    """By effective time: the period in which an event with that time counts, as `period_for` says.

    One query, unless one of these periods is closed or missing.
    """
    if not times:
        return {}
    stored = _stored_periods(session, brand.id, min(times), max(times))
    starts = [each.starts_at for each in stored]
    found = {at: period for at in times if (period := _open_at(stored, starts, at)) is not None}
    others = sorted(set(times).difference(found))
    last_closed = latest_closed(session, brand.id) if others else None
    for at in others:
        counted_at = at if last_closed is None else max(at, last_closed.ends_at)
        period = _open_at(stored, starts, counted_at)
        if period is None:
            period = _ensured_at(session, now, brand, counted_at)
            position = bisect_right(starts, period.starts_at)
            starts.insert(position, period.starts_at)
            stored.insert(position, period)
        found[at] = period
    return found


def _open_at(stored: Sequence[Period], starts: Sequence[datetime], at: datetime) -> Period | None:
    """The one of these periods, which begin at `starts`, that contains that time, unless it is closed."""
    index = bisect_right(starts, at) - 1
    if index < 0 or at >= stored[index].ends_at or stored[index].state == "closed":
        return None
    return stored[index]


def _stored_periods(session: Session, brand_id: str, first: datetime, last: datetime) -> list[Period]:
    """The stored periods that contain one of these times or one between them, in their order."""
    parameters = {"brand_id": brand_id, "first": first, "last": last}
    return list(session.scalars(_between_query(), parameters))


@cache
def _between_query() -> Select[Period]:
    """Parameters: `brand_id`, `first`, `last`."""
    between = (Period.ends_at > bindparam("first"), Period.starts_at <= bindparam("last"))
    found = select(Period).where(Period.brand_id == bindparam("brand_id"), *between)
    found = found.order_by(Period.starts_at)
    return found.execution_options(populate_existing=True)  # a state may have been read before the lock


def _stored_period_at(session: Session, brand_id: str, at: datetime) -> Period | None:
    """The stored period that contains that time."""
    latest = session.scalar(_started_query(), {"brand_id": brand_id, "at": at})
    return latest if latest is not None and at < latest.ends_at else None


@cache
def _started_query() -> Select[Period]:
    """The latest period that starts at a time or before it. Parameters: `brand_id`, `at`."""
    started = (Period.brand_id == bindparam("brand_id"), Period.starts_at <= bindparam("at"))
    latest = select(Period).where(*started).order_by(Period.starts_at.desc()).limit(1)
    return latest.execution_options(populate_existing=True)  # its state may have been read before the lock


def _ensured_at(session: Session, now: datetime, brand: Brand, at: datetime) -> Period:
    """The period that contains that time; it is created open when it is missing."""
    found = _stored_period_at(session, brand.id, at)
    if found is not None:
        return found
    return ensure_period(session, now, brand, span_at(load_rules(session, brand.id), at))


def ensure_period(session: Session, now: datetime, brand: Brand, span: Span) -> Period:
    """The brand's period for `span`; it is created open when it is missing."""
    found = session.scalar(_period_query(), {"brand_id": brand.id, "name": span.name})
    if found is not None:
        return found
    calendar = load_rules(session, brand.id).calendar_at(span.starts_at)
    insert_once(
        session,
        Period,
        id=new_id("per", now),
        brand_id=brand.id,
        name=span.name,
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        state="open",
        closed_at=None,
        timezone=calendar.timezone,
        cadence=calendar.cadence,
    )
    return session.scalars(_period_query(), {"brand_id": brand.id, "name": span.name}).one()


@cache
def _period_query() -> Select[Period]:
    return select(Period).where(Period.brand_id == bindparam("brand_id"), Period.name == bindparam("name"))


def has_period_until(session: Session, brand_id: str, span: Span) -> bool:
    """Whether the brand has a period that starts with `span` or earlier."""
    return bool(
        session.scalar(
            select(exists().where(Period.brand_id == brand_id, Period.starts_at <= span.starts_at))
        )
    )


def latest_closed(session: Session, brand_id: str) -> Period | None:
    return session.scalar(_closed_periods_query(), {"brand_id": brand_id})


@cache
def _closed_periods_query() -> Select[Period]:
    closed = select(Period).where(Period.brand_id == bindparam("brand_id"), Period.state == "closed")
    return closed.order_by(Period.starts_at.desc()).limit(1)


def next_to_close(session: Session, now: datetime, brand: Brand) -> Period | None:
    """The oldest period that is not closed. None when nothing was ever recorded.

    The period after the last closed one is created when it is missing.
    """
    last_closed = latest_closed(session, brand.id)
    if last_closed is not None:
        return _ensured_at(session, now, brand, last_closed.ends_at)
    return session.execute(
        select(Period).where(Period.brand_id == brand.id).order_by(Period.starts_at).limit(1)
    ).scalar_one_or_none()


def get_period(session: Session, brand_id: str, name: str) -> Period:
    """The period with that name. Raises NotFound when nothing was recorded in it and it was never closed."""
    period = session.execute(
        select(Period).where(Period.brand_id == brand_id, Period.name == name)
    ).scalar_one_or_none()
    if period is None:
        raise NotFound(f"There is no period {name} at {brand_id}: nothing was recorded in it yet.")
    return period


def last_period_end(session: Session, brand_id: str) -> datetime | None:
    """Where the brand's last stored period ends."""
    last = select(Period.ends_at).where(Period.brand_id == brand_id).order_by(Period.starts_at.desc())
    return session.scalar(last.limit(1))


def mark_closing(session: Session, period: Period) -> None:
    """Say that the close of a period has begun. Until it ends, events of its time are still posted to it."""
    session.execute(
        update(Period).where(Period.id == period.id, Period.state == "open").values(state="closing")
    )


def mark_closed(session: Session, now: datetime, period: Period) -> None:
    """Close the oldest period that is not closed. Raises NotNow for another, and for one that goes on."""
    if now < period.ends_at:
        raise NotNow(
            f"Period {period.name} ends at {period.ends_at:%Y-%m-%d %H:%M} UTC; close it after that."
        )
    earlier = session.execute(
        select(Period.name)
        .where(
            Period.brand_id == period.brand_id,
            Period.state != "closed",
            Period.starts_at < period.starts_at,
        )
        .order_by(Period.starts_at)
    ).scalars()
    if (first := next(earlier, None)) is not None:
        raise NotNow(f"Close period {first} first: periods are closed in order.")
    session.execute(
        update(Period)
        .where(Period.id == period.id, Period.state != "closed")
        .values(state="closed", closed_at=now)
    )
