"""The rules for unusual silence, clock skew and leaked coupons."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.sales.health.rules import CouponStatistics, MessagePattern, silence, skew, usual_pause

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LAST = datetime.fromisoformat("2025-11-28T18:00:00+00:00")


def message_pattern(pause: timedelta, messages: int = 100, known_for: timedelta = 60 * DAY) -> MessagePattern:
    return MessagePattern(LAST - known_for, LAST, messages, pause)


@pytest.mark.parametrize(
    ("pause", "silent", "is_alarm"),
    [
        (HOUR, 24 * HOUR, False),
        (HOUR, 24 * HOUR + timedelta(seconds=1), True),
        (64 * HOUR, 96 * HOUR, False),
        (64 * HOUR, 97 * HOUR, True),
    ],
)
def test_silence_longer_than_one_and_a_half_usual_pauses_is_an_alarm(
    pause: timedelta, silent: timedelta, is_alarm: bool
) -> None:
    assert silence(message_pattern(pause), LAST + silent).is_alarm == is_alarm


def test_new_and_quiet_shops_raise_no_silence_alarm() -> None:
    later = LAST + 100 * DAY
    assert "too few" in silence(message_pattern(HOUR, messages=19), later).reason
    assert silence(message_pattern(HOUR, messages=20), later).is_alarm
    assert "less than 14 days" in silence(message_pattern(HOUR, known_for=13 * DAY), later).reason
    assert not silence(message_pattern(HOUR, known_for=13 * DAY), later).is_alarm


def test_weekends_are_usual_and_a_single_outage_is_not() -> None:
    workdays = [LAST - day * DAY for day in range(28) if (LAST - day * DAY).weekday() < 5][::-1]
    assert usual_pause(workdays) == (20, 3 * DAY)
    with_outage = [LAST - 20 * DAY, *(LAST - hour * HOUR for hour in range(50, 0, -1))]
    assert usual_pause(with_outage) == (51, HOUR)


@given(st.lists(st.datetimes(), max_size=10))
def test_the_usual_pause_is_the_second_longest_for_any_times(times: list[datetime]) -> None:
    number, pause = usual_pause(sorted(times))
    assert number == len(times)
    pauses = sorted(later - earlier for earlier, later in zip(sorted(times), sorted(times)[1:], strict=False))
    assert pause == (pauses[-2] if len(pauses) > 1 else timedelta())


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        ([], None),
        ([-1, -2, -2], (-2, False)),
        ([61, 61], (61, False)),
        ([61, 61, 61], (61, True)),
        ([-61, -90000, -62], (-62, True)),
        ([-1, -90000, -1], (-1, False)),
        ([60, 60, 60], (60, False)),
    ],
)
def test_clock_skew_is_the_median_of_several_messages(
    ahead: list[int], expected: tuple[int, bool] | None
) -> None:
    found = skew([timedelta(seconds=each) for each in ahead])
    assert (None if found is None else (found.ahead_s, found.is_alarm)) == expected


@pytest.mark.parametrize(
    ("orders", "with_click", "visitors", "leaked"),
    [
        (10, 0, 9, True),
        (10, 0, 10, False),
        (9, 0, 0, False),
        (30, 10, 0, True),
        (30, 11, 0, False),
        (100, 0, 1000, False),
    ],
)
def test_a_code_used_mostly_without_its_creators_clicks_may_have_leaked(
    orders: int, with_click: int, visitors: int, leaked: bool
) -> None:
    assert CouponStatistics("ANNA10", "crt_1", orders, with_click, visitors).may_have_leaked == leaked
