"""A brand's days, in the zone that is in force: which one contains a time, when one begins and ends. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tracker.people.accounts.brand_rules import BrandRules

_DAY = timedelta(days=1)
_FAR_PAST, _FAR_FUTURE = datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def day_of(rules: BrandRules, at: datetime) -> str:
    """The brand's day that contains that time, as YYYY-MM-DD."""
    return at.astimezone(ZoneInfo(rules.calendar_at(at).timezone)).date().isoformat()


def spans_of_day(rules: BrandRules, day: str) -> Iterator[tuple[datetime, datetime]]:
    """In UTC, the times of which `day_of` is that day: one span, or two where the brand's zone changes."""
    wanted = date.fromisoformat(day)
    for calendar, following in zip(rules.calendars, (*rules.calendars[1:], None), strict=True):
        zone = ZoneInfo(calendar.timezone)
        starts, ends = (
            datetime.combine(each, time(), zone).astimezone(UTC) for each in (wanted, wanted + _DAY)
        )
        starts = max(starts, calendar.since or _FAR_PAST)
        ends = min(ends, (following.since if following else None) or _FAR_FUTURE)
        if starts < ends:
            yield starts, ends
