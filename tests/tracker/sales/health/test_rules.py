"""When a shop is unusually silent, when its clock is off, when a coupon may have leaked."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.sales.health.rules import CouponFigures, Habit, silence, skew, usual_pause

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LAST = datetime.fromisoformat("2025-11-28T18:00:00+00:00")


def habit(pause: timedelta, messages: int = 100, known_for: timedelta = 60 * DAY) -> Habit:
    return Habit(LAST - known_for, LAST, messages, pause)


@pytest.mark.parametrize(
    ("pause", "silent", "is_alarm"),
    [
        (HOUR, 24 * HOUR, False),
        (HOUR, 24 * HOUR + timedelta(seconds=1), True),
        (64 * HOUR, 96 * HOUR, False),
        (64 * HOUR, 97 * HOUR, True),
    ],
)
def test_half_as_long_again_as_usual_is_unusual(pause: timedelta, silent: timedelta, is_alarm: bool) -> None:
    assert silence(habit(pause), LAST + silent).is_alarm == is_alarm


def test_nothing_is_said_of_new_shops_and_of_those_that_sell_little() -> None:
    later = LAST + 100 * DAY
    assert "too few" in silence(habit(HOUR, messages=19), later).why
    assert silence(habit(HOUR, messages=20), later).is_alarm
    assert "less than 14 days" in silence(habit(HOUR, known_for=13 * DAY), later).why
    assert not silence(habit(HOUR, known_for=13 * DAY), later).is_alarm


def test_weekends_are_usual_and_a_single_outage_is_not() -> None:
    workdays = [LAST - day * DAY for day in range(28) if (LAST - day * DAY).weekday() < 5][::-1]
    assert usual_pause(workdays) == (20, 3 * DAY)
    with_outage = [LAST - 20 * DAY, *(LAST - hour * HOUR for hour in range(50, 0, -1))]
    assert usual_pause(with_outage) == (51, HOUR)


@given(st.lists(st.datetimes(), max_size=10))
def test_a_pause_can_be_told_of_any_times(times: list[datetime]) -> None:
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
def test_a_clock_is_judged_by_the_middle_of_several_messages(
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
def test_a_code_that_is_known_where_its_creator_is_not_may_have_leaked(
    orders: int, with_click: int, visitors: int, leaked: bool
) -> None:
    assert CouponFigures("ANNA10", "crt_1", orders, with_click, visitors).may_have_leaked == leaked
