"""Months, half months and weeks in the brand's time zone, without gaps and overlaps."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from payouts.ledger.calendar import midnight_after, next_span, span_named, span_of
from tracker.errors import Invalid

CADENCES = ("month", "half_month", "week")
# Daylight saving that starts at midnight (Havana, Beirut), half-hour offsets, extreme offsets, and UTC.
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",
    "Asia/Beirut",
    "Asia/Tokyo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Africa/Cairo",
)

instants = st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
cadences = st.sampled_from(CADENCES)
zones = st.sampled_from(ZONES)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(instants, cadences, zones)
@example(utc("2026-03-29T01:30"), "month", "Europe/Berlin")
@example(utc("2026-03-08T04:59:59"), "week", "America/Havana")
def test_each_instant_is_in_one_period_and_the_next_period_starts_at_its_end(
    at: datetime, cadence: str, zone: str
) -> None:
    span = span_of(at, cadence, zone)
    assert span.starts_at <= at < span.ends_at
    assert span_of(span.starts_at, cadence, zone) == span
    assert span_of(span.ends_at - timedelta(microseconds=1), cadence, zone) == span
    following = next_span(span, cadence, zone)
    assert following.starts_at == span.ends_at
    assert following.name != span.name


@given(instants, cadences, zones)
def test_period_name_round_trips(at: datetime, cadence: str, zone: str) -> None:
    span = span_of(at, cadence, zone)
    assert span_named(span.name, cadence, zone) == span


@given(instants, st.integers(0, 40), zones)
def test_midnight_after_some_days_is_the_first_moment_of_that_date(
    at: datetime, days: int, zone: str
) -> None:
    start = midnight_after(at, days, zone)
    wanted = at.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    assert start.astimezone(ZoneInfo(zone)).date() == wanted
    assert (start - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() < wanted


@pytest.mark.parametrize(
    ("at", "cadence", "zone", "name", "starts_at", "ends_at"),
    [
        # Berlin: winter time is UTC+1, summer time UTC+2.
        ("2026-03-15T12:00", "month", "Europe/Berlin", "2026-03", "2026-02-28T23:00", "2026-03-31T22:00"),
        ("2026-10-31T23:30", "month", "Europe/Berlin", "2026-11", "2026-10-31T23:00", "2026-11-30T23:00"),
        ("2026-10-31T22:59", "month", "Europe/Berlin", "2026-10", "2026-09-30T22:00", "2026-10-31T23:00"),
        ("2026-10-26T00:00", "week", "Europe/Berlin", "2026-W44", "2026-10-25T23:00", "2026-11-01T23:00"),
        # Kiritimati is UTC+14: its November starts at 10:00 UTC on 31 October.
        (
            "2026-10-31T10:00",
            "month",
            "Pacific/Kiritimati",
            "2026-11",
            "2026-10-31T10:00",
            "2026-11-30T10:00",
        ),
        (
            "2026-10-31T09:59",
            "month",
            "Pacific/Kiritimati",
            "2026-10",
            "2026-09-30T10:00",
            "2026-10-31T10:00",
        ),
        # Pago Pago is UTC-11.
        ("2026-11-01T10:59", "month", "Pacific/Pago_Pago", "2026-10", "2026-10-01T11:00", "2026-11-01T11:00"),
        ("2028-02-29T12:00", "half_month", "UTC", "2028-02-b", "2028-02-16T00:00", "2028-03-01T00:00"),
        ("2026-02-15T23:59", "half_month", "UTC", "2026-02-a", "2026-02-01T00:00", "2026-02-16T00:00"),
        # The ISO year can differ from the calendar year: 2027-01-01 is a Friday of 2026-W53.
        ("2027-01-01T12:00", "week", "UTC", "2026-W53", "2026-12-28T00:00", "2027-01-04T00:00"),
        ("2026-12-31T12:00", "month", "UTC", "2026-12", "2026-12-01T00:00", "2027-01-01T00:00"),
    ],
)
def test_periods_by_the_calendar(
    at: str, cadence: str, zone: str, name: str, starts_at: str, ends_at: str
) -> None:
    span = span_of(utc(at), cadence, zone)
    assert (span.name, span.starts_at, span.ends_at) == (name, utc(starts_at), utc(ends_at))


def test_period_does_not_depend_on_the_time_zone_of_the_instant() -> None:
    at = datetime.combine(date(2026, 11, 1), time(0, 30), ZoneInfo("Asia/Tokyo"))
    assert span_of(at, "month", "Europe/Berlin") == span_of(at.astimezone(UTC), "month", "Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "cadence"),
    [
        ("2026-13", "month"),
        ("1970-01", "month"),
        ("1970-01-a", "half_month"),
        ("1970-W01", "week"),
        ("2026-00", "month"),
        ("2026-1", "month"),
        ("26-11", "month"),
        ("2026-11-a", "month"),
        ("2026-W48", "month"),
        ("2026-11", "half_month"),
        ("2026-11-c", "half_month"),
        ("2026-11-B", "half_month"),
        ("2026-11-a-b", "half_month"),
        ("2026-W54", "week"),
        ("2026-W1", "week"),
        ("2026-11", "week"),
        ("0001-01", "month"),
        ("9999-12", "month"),
        ("99999-12", "month"),
        ("0001-W01", "week"),
        ("9999-W52", "week"),
        ("", "month"),
        ("W", "week"),
        ("-W", "week"),
        ("²⁰²⁶-11", "month"),
        ("2026-11\n", "month"),
        (" 2026-11", "month"),
        ("next", "month"),
    ],
)
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_invalid_period_name_is_refused_with_an_example(name: str, cadence: str, zone: str) -> None:
    with pytest.raises(Invalid, match="is not a period of this brand"):
        span_named(name, cadence, zone)
