"""A brand's periods: months, half months or weeks in its own time zone. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tracker.errors import Invalid

SECOND_HALF_DAY = 16
"""The day of a month on which its second half begins."""

FIRST_YEAR = 1971
"""The first and last years of the calendar cannot be computed in every time zone; nothing is that old."""


@dataclass(frozen=True)
class Span:
    """One period: its name, and in UTC its start and its end. The end is the start of the next period."""

    name: str
    starts_at: datetime
    ends_at: datetime


def span_of(at: datetime, cadence: str, timezone: str) -> Span:
    """The period that contains `at`, named for example "2026-11", "2026-11-a" or "2026-W48"."""
    zone = ZoneInfo(timezone)
    day = at.astimezone(zone).date()
    first, following, name = _BY_CADENCE[cadence](day)
    return Span(name, _midnight(first, zone), _midnight(following, zone))


def next_span(span: Span, cadence: str, timezone: str) -> Span:
    return span_of(span.ends_at, cadence, timezone)


def midnight_after(instant: datetime, days: int, timezone: str) -> datetime:
    """In UTC, the start of the brand's day that comes `days` days after the day of `instant`."""
    zone = ZoneInfo(timezone)
    return _midnight(instant.astimezone(zone).date() + timedelta(days=days), zone)


def start_of_day(day: date, timezone: str) -> datetime:
    """In UTC, the start of the brand's day."""
    return _midnight(day, ZoneInfo(timezone))


def span_named(name: str, cadence: str, timezone: str) -> Span:
    """The period with that name. Raises Invalid when the brand's calendar has no such period."""
    day = _day_in(name)
    if day is not None:
        span = span_of(_midnight(day, ZoneInfo(timezone)), cadence, timezone)
        if span.name == name:
            return span
    raise Invalid(
        f"{name!r} is not a period of this brand. A valid name is, for example, {_EXAMPLES[cadence]}."
    )


def _day_in(name: str) -> date | None:
    """A day of the period with that name; None when it names no period of the years that can be computed."""
    try:
        if "W" in name:
            year, week = name.split("-W")
            day = date.fromisocalendar(int(year), int(week), 1)
        else:
            year, month, *half = name.split("-")
            day = date(int(year), int(month), SECOND_HALF_DAY if half == ["b"] else 1)
    except (ValueError, OverflowError):
        return None
    return day if FIRST_YEAR <= day.year < date.max.year else None


def _month(day: date) -> tuple[date, date, str]:
    first = day.replace(day=1)
    return first, _next_month(first), f"{first:%Y-%m}"


def _half_month(day: date) -> tuple[date, date, str]:
    first = day.replace(day=1)
    middle = day.replace(day=SECOND_HALF_DAY)
    if day < middle:
        return first, middle, f"{first:%Y-%m}-a"
    return middle, _next_month(first), f"{first:%Y-%m}-b"


def _week(day: date) -> tuple[date, date, str]:
    monday = day - timedelta(days=day.weekday())
    year, week, _ = monday.isocalendar()
    return monday, monday + timedelta(days=7), f"{year}-W{week:02}"


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


_BY_CADENCE = {"month": _month, "half_month": _half_month, "week": _week}
_EXAMPLES = {"month": "2026-11", "half_month": "2026-11-a", "week": "2026-W48"}
