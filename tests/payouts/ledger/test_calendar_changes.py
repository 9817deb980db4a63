"""Periods of a brand whose cadence or time zone changes, and calendar days."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from payouts.ledger.calendar import (
    SHORTEST_PERIOD,
    Span,
    calendar_change_at,
    days_later,
    payday_of,
    span_at,
    span_of,
    span_with_name,
    start_of_day,
)
from tests.payouts.ledger.test_calendar import ZONES, cadences, instants, utc, zones
from tracker.errors import Invalid
from tracker.people.accounts.brand_rules import BrandRules, RulesVersion

INSTANT = timedelta(microseconds=1)
FOUNDED = utc("2026-09-01T12:00")

waits = st.timedeltas(timedelta(), timedelta(days=70))
changes = st.lists(st.tuples(waits, cadences, zones, st.booleans()), max_size=8)


def founded(cadence: str = "month", timezone: str = "UTC", review_days: int = 7) -> BrandRules:
    return BrandRules([RulesVersion(1, FOUNDED, FOUNDED, cadence, timezone, review_days)])


def changed(
    rules: BrandRules, now: datetime, cadence: str, timezone: str, last_ends_at: datetime | None = None
) -> BrandRules:
    start = calendar_change_at(rules, now, last_ends_at)
    version = RulesVersion(len(rules.versions) + 1, start, now, cadence, timezone, 7)
    return BrandRules([*rules.versions, version])


def periods(rules: BrandRules, start: datetime, until: datetime) -> Iterator[Span]:
    """The brand's periods one after the other, from the one that contains `start`."""
    while start < until:
        span = span_at(rules, start)
        yield span
        start = span.ends_at


@given(cadences, zones, changes)
@example("month", "Pacific/Kiritimati", [(timedelta(days=5), "month", "Pacific/Pago_Pago", False)])
@example("month", "Pacific/Pago_Pago", [(timedelta(days=5), "month", "Pacific/Kiritimati", False)])
@example("week", "America/New_York", [(timedelta(days=60), "half_month", "America/New_York", True)])
def test_periods_follow_one_another_whatever_changes(
    cadence: str, zone: str, wanted: list[tuple[timedelta, str, str, bool]]
) -> None:
    """Each instant is in exactly one period, none is short, and no name comes twice."""
    rules, now, last_end = founded(cadence, zone), FOUNDED, FOUNDED
    for wait, next_cadence, next_zone, recorded_ahead in wanted:
        now += wait
        if recorded_ahead:
            last_end = max(last_end, span_at(rules, span_at(rules, now).ends_at).ends_at)
        known = list(periods(rules, FOUNDED, max(now, last_end)))
        rules = changed(rules, now, next_cadence, next_zone, last_end)
        assert list(periods(rules, FOUNDED, max(now, last_end))) == known
    found = list(periods(rules, FOUNDED - timedelta(days=70), now + timedelta(days=200)))
    for before, span in zip(found, found[1:], strict=False):
        assert span.starts_at == before.ends_at
        assert span.ends_at - span.starts_at >= SHORTEST_PERIOD
        for inside in (span.starts_at, span.starts_at + SHORTEST_PERIOD / 2, span.ends_at - INSTANT):
            assert span_at(rules, inside) == span
        assert span_with_name(rules, span.name) == span
    assert len({span.name for span in found}) == len(found)


@given(instants, cadences, zones)
def test_a_brand_without_changes_has_the_periods_of_its_calendar(
    at: datetime, cadence: str, zone: str
) -> None:
    rules = founded(cadence, zone)
    assert span_at(rules, at) == span_of(at, cadence, zone)
    assert span_with_name(rules, span_at(rules, at).name) == span_of(at, cadence, zone)


@pytest.mark.parametrize(
    ("former", "new", "expected"),
    [
        # December begins on a Tuesday: the rest of its week is a period.
        (("month", "UTC"), ("week", "UTC"), ("2026-W49", "2026-12-01T00:00", "2026-12-07T00:00")),
        # In New York it is 19:00 on 30 November: the five hours until midnight belong to December.
        (
            ("month", "UTC"),
            ("month", "America/New_York"),
            ("2026-12", "2026-12-01T00:00", "2027-01-01T05:00"),
        ),
        # In Kiritimati December began 14 hours ago; it is that much shorter.
        (
            ("month", "UTC"),
            ("month", "Pacific/Kiritimati"),
            ("2026-12", "2026-12-01T00:00", "2026-12-31T10:00"),
        ),
        # The widest step: it is 30 November, 23:00, when December begins at 10:00 UTC in Kiritimati.
        (
            ("month", "Pacific/Kiritimati"),
            ("month", "Pacific/Pago_Pago"),
            ("2026-12", "2026-11-30T10:00", "2027-01-01T11:00"),
        ),
        (("week", "UTC"), ("month", "UTC"), ("2026-12", "2026-11-30T00:00", "2027-01-01T00:00")),
    ],
)
def test_the_first_period_of_a_new_calendar(
    former: tuple[str, str], new: tuple[str, str], expected: tuple[str, str, str]
) -> None:
    rules = changed(founded(*former), utc("2026-11-28T12:00"), *new)
    name, starts_at, ends_at = expected
    span = span_at(rules, utc(starts_at))
    assert (span.name, span.starts_at, span.ends_at) == (name, utc(starts_at), utc(ends_at))
    assert span_at(rules, utc(starts_at) - INSTANT) == span_of(utc(starts_at) - INSTANT, *former)


def test_a_name_of_a_former_calendar_is_valid_only_for_its_time() -> None:
    rules = changed(founded(), utc("2026-11-28T12:00"), "week", "UTC")
    assert span_with_name(rules, "2026-11").ends_at == utc("2026-12-01T00:00")
    assert span_with_name(rules, "2026-W51").starts_at == utc("2026-12-14T00:00")
    for name in ("2026-12", "2026-W48", "2026-12-a", "next"):
        with pytest.raises(Invalid, match="A valid name is, for example, 2026-W48"):
            span_with_name(rules, name)


def test_the_last_of_several_changes_before_the_next_period_counts() -> None:
    rules = changed(founded(), utc("2026-11-10T12:00"), "week", "UTC")
    rules = changed(rules, utc("2026-11-12T12:00"), "half_month", "UTC")
    assert [each.cadence for each in rules.calendars] == ["month", "half_month"]
    rules = changed(rules, utc("2026-11-14T12:00"), "month", "UTC")
    assert span_at(rules, utc("2026-12-02T12:00")) == span_of(utc("2026-12-02T12:00"), "month", "UTC")
    assert [each.cadence for each in rules.calendars] == ["month"]


def test_a_change_never_begins_before_one_that_is_planned() -> None:
    """The clock of another machine may be a little behind, in the period before."""
    rules = changed(founded(), utc("2026-12-01T00:00:01"), "week", "UTC")
    assert calendar_change_at(rules, utc("2026-11-30T23:59:59"), None) == utc("2027-01-01T00:00")


def test_a_shorter_review_counts_for_drafts_after_the_change() -> None:
    first = founded(timezone="Europe/Berlin")
    shorter = RulesVersion(2, utc("2026-11-10T12:00"), utc("2026-11-10T12:00"), "month", "Europe/Berlin", 2)
    rules = BrandRules([*first.versions, shorter])
    assert payday_of(rules, utc("2026-10-15T12:00")) == utc("2026-11-08T23:00")
    assert payday_of(rules, utc("2026-11-15T12:00")) == utc("2026-12-03T23:00")
    assert span_at(rules, utc("2026-11-15T12:00")).name == "2026-11"


def test_a_day_starts_in_the_zone_that_is_in_force_on_it() -> None:
    """Tokyo's 1 November began while October still lasted by the former zone."""
    rules = changed(founded(), utc("2026-10-20T12:00"), "month", "Asia/Tokyo")
    starts = [start_of_day(rules, date(2026, 10, 31) + timedelta(days=n)) for n in range(3)]
    assert starts == [utc("2026-10-31T00:00"), utc("2026-11-01T00:00"), utc("2026-11-01T15:00")]
    assert [span_at(rules, each).name for each in starts] == ["2026-10", "2026-11", "2026-11"]


@pytest.mark.parametrize(
    ("at", "days", "expected"),
    [
        ("2026-10-01T10:00", 30, "2026-10-31T11:00"),  # 12:00 in Berlin, in summer and in winter
        ("2026-10-24T12:00", 1, "2026-10-25T13:00"),
        ("2027-03-27T12:00", 1, "2027-03-28T11:00"),
        ("2026-10-24T00:30", 1, "2026-10-25T00:30"),  # 02:30 comes twice on 25 October: the first counts
        ("2027-03-27T01:30", 1, "2027-03-28T01:30"),  # 02:30 is skipped on 28 March: 03:30
        ("2027-02-26T01:30", 30, "2027-03-28T01:30"),
        ("2026-10-25T01:30", 0, "2026-10-25T01:30"),  # the second 02:30: no day later is the same time
        ("2026-10-25T01:30", 1, "2026-10-26T01:30"),
    ],
)
def test_days_are_calendar_days_in_the_brands_zone(at: str, days: int, expected: str) -> None:
    assert days_later(utc(at), days, "Europe/Berlin") == utc(expected)


@given(instants, st.integers(1, 365), st.sampled_from(ZONES))
def test_a_day_is_24_hours_less_or_more_than_the_shift_of_the_clocks(
    at: datetime, days: int, zone: str
) -> None:
    later = days_later(at, days, zone)
    assert later.tzinfo is UTC
    assert abs(later - at - timedelta(days=days)) <= timedelta(hours=24 if zone in DATE_LINE else 3)


DATE_LINE = ("Pacific/Kiritimati", "Pacific/Pago_Pago")
"""Zones that have been on both sides of the date line."""
