"""A brand's days have the length of its zone's days, also where the zone changes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tracker.people.accounts.brand_rules import BrandRules, RulesVersion
from tracker.people.accounts.days import day_of, spans_of_day


def at(text: str) -> datetime:
    """Parse "10-31 23:30" of 2026, in UTC."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def rules(*zones: tuple[str, datetime]) -> BrandRules:
    return BrandRules(
        [
            RulesVersion(number, since, since, "month", zone, 7)
            for number, (zone, since) in enumerate(zones, start=1)
        ]
    )


FOUNDED = at("01-01 00:00")
ZONES = ("Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland", "Asia/Kolkata", "UTC")


def test_a_day_is_the_brands_and_may_have_23_or_25_hours() -> None:
    berlin = rules(("Europe/Berlin", FOUNDED))
    assert day_of(berlin, at("10-31 23:30")) == "2026-11-01"
    [(start, end)] = spans_of_day(berlin, "2026-10-25")
    assert end - start == timedelta(hours=25)


def test_a_day_on_which_the_zone_changes_has_two_spans() -> None:
    moved = rules(("America/Los_Angeles", FOUNDED), ("Europe/Berlin", at("11-01 08:00")))
    spans = list(spans_of_day(moved, "2026-11-01"))
    assert spans == [
        (at("11-01 07:00"), at("11-01 08:00")),
        (at("11-01 08:00"), at("11-01 23:00")),
    ]
    assert day_of(moved, at("11-01 06:59")) == "2026-10-31"


@given(
    first=st.sampled_from(ZONES),
    second=st.sampled_from(ZONES),
    changed=st.datetimes(datetime(2026, 1, 2), datetime(2026, 12, 30), timezones=st.just(UTC)),
    hours=st.integers(-60, 60),
)
def test_every_time_is_in_the_spans_of_its_day_alone(
    first: str, second: str, changed: datetime, hours: int
) -> None:
    moved, time = rules((first, FOUNDED), (second, changed)), changed + timedelta(hours=hours)
    day = datetime.fromisoformat(day_of(moved, time))
    found = [
        f"{day + timedelta(days=number):%Y-%m-%d}"
        for number in (-2, -1, 0, 1, 2)
        for start, end in spans_of_day(moved, f"{day + timedelta(days=number):%Y-%m-%d}")
        if start <= time < end
    ]
    assert found == [f"{day:%Y-%m-%d}"]
