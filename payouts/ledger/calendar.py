"""A brand's periods: months, half months or weeks in its own time zone, also where these changed. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tracker.errors import Invalid
from tracker.people.accounts.brand_rules import BrandRules

SECOND_HALF_DAY = 16
"""The day of a month on which its second half begins."""

FIRST_YEAR = 1971
"""The first and last years of the calendar cannot be computed in every time zone; nothing is that old."""


SHORTEST_PERIOD = timedelta(hours=36)
"""When the next period of a new calendar begins sooner than this, the time until then is a part of it.

No two time zones are as far apart, which is why no name of a period comes twice (docs/decisions/0089).
"""


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


def span_at(rules: BrandRules, at: datetime) -> Span:
    """The period of a brand that contains `at`, by the calendar that is in force in it.

    The first period of a new calendar starts where the former calendar ended. It ends, and has the name, as
    the period of the new calendar that contains a time SHORTEST_PERIOD later.
    """
    calendar = rules.calendar_at(at)
    if calendar.since is not None:
        first = span_of(calendar.since + SHORTEST_PERIOD, calendar.cadence, calendar.timezone)
        if at < first.ends_at:
            return Span(first.name, calendar.since, first.ends_at)
    return span_of(at, calendar.cadence, calendar.timezone)


def span_with_name(rules: BrandRules, name: str) -> Span:
    """The period of a brand with that name. Raises Invalid when none of its calendars has such a period."""
    for calendar in rules.calendars:
        named = _span_named(name, calendar.cadence, calendar.timezone)
        if named is not None and (span := span_at(rules, named.ends_at - _INSTANT)).name == name:
            return span
    raise _no_period(name, rules.calendars[-1].cadence)


def payday_of(rules: BrandRules, at: datetime) -> datetime:
    """When the period that contains `at` is paid, unless a person approves its statement earlier.

    It is the start of the day after the end of its review, in the period's time zone.
    """
    ends_at = span_at(rules, at).ends_at
    return midnight_after(ends_at, rules.review_days_at(ends_at) + 1, rules.calendar_at(at).timezone)


def pay_date_of(rules: BrandRules, at: datetime) -> str:
    """The day of `payday_of` in the period's time zone, as YYYY-MM-DD."""
    return payday_of(rules, at).astimezone(ZoneInfo(rules.calendar_at(at).timezone)).date().isoformat()


def calendar_change_at(rules: BrandRules, now: datetime, last_ends_at: datetime | None) -> datetime:
    """When a change of the calendar takes effect: at the end of the period that contains `now`.

    `last_ends_at`, the end of the brand's last stored period, and a change that is planned may be later; then
    it takes effect there.
    """
    planned = rules.calendars[-1].since
    ends = (span_at(rules, now).ends_at, last_ends_at, planned)
    return max(each for each in ends if each is not None)


def next_span(span: Span, cadence: str, timezone: str) -> Span:
    return span_of(span.ends_at, cadence, timezone)


def midnight_after(instant: datetime, days: int, timezone: str) -> datetime:
    """In UTC, the start of the brand's day that comes `days` days after the day of `instant`."""
    zone = ZoneInfo(timezone)
    return _midnight(instant.astimezone(zone).date() + timedelta(days=days), zone)


def start_of_day(rules: BrandRules, day: date) -> datetime:
    """In UTC, the start of the brand's day, in the zone that is in force on it.

    The day on which a new zone comes into force does not start before the first period in that zone.
    """
    calendar = rules.calendar_at(datetime.combine(day, time(12), UTC))
    start = _midnight(day, ZoneInfo(calendar.timezone))
    return start if calendar.since is None else max(start, calendar.since)


def days_later(instant: datetime, days: int, timezone: str) -> datetime:
    """In UTC, the same wall-clock time some calendar days later.

    A time that the clocks skip moves forward as far as the clocks; of one that comes twice, the first counts.
    """
    if not days:
        return instant
    local = instant.astimezone(ZoneInfo(timezone)) + timedelta(days=days)  # zoneinfo adds wall-clock time
    return local.replace(fold=0).astimezone(UTC)


def span_named(name: str, cadence: str, timezone: str) -> Span:
    """The period with that name. Raises Invalid when the calendar has no such period."""
    span = _span_named(name, cadence, timezone)
    if span is None:
        raise _no_period(name, cadence)
    return span


def _span_named(name: str, cadence: str, timezone: str) -> Span | None:
    day = _day_in(name)
    if day is None:
        return None
    span = span_of(_midnight(day, ZoneInfo(timezone)), cadence, timezone)
    return span if span.name == name else None


def _no_period(name: str, cadence: str) -> Invalid:
    return Invalid(
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
_INSTANT = timedelta(microseconds=1)
