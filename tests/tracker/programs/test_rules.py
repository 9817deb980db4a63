"""Rules for conditions, cuts, notice and sub-ids."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tracker.errors import Invalid
from tracker.programs.rules import (
    Conditions,
    checked_sub_ids,
    checked_token_parameter,
    effective_time,
    is_cut,
)

NOW = datetime(2026, 10, 1, tzinfo=UTC)
AGREED: dict[str, Any] = {
    "rate_bp": 1000,
    "base": "net",
    "window_days": 30,
    "hold_days": 30,
    "take_back_months": 12,
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate_bp": 10_001},
        {"rate_bp": -1},
        {"base": "total"},
        {"window_days": 0},
        {"window_days": 91},
        {"hold_days": -1},
        {"hold_days": 366},
        {"take_back_months": 0},
        {"take_back_months": 121},
    ],
    ids=str,
)
def test_conditions_out_of_range_are_rejected(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        Conditions(**{**AGREED, **wrong})


@pytest.mark.parametrize(
    "worse",
    [
        {"rate_bp": 999},
        {"base": "profit"},
        {"window_days": 29},
        {"hold_days": 31},
        {"take_back_months": 13},
        {"take_back_months": None},
    ],
    ids=str,
)
def test_any_worse_condition_makes_a_change_a_cut(worse: dict[str, Any]) -> None:
    rise = {"rate_bp": 2000} if "rate_bp" not in worse else {"window_days": 60}
    assert is_cut(Conditions(**AGREED), Conditions(**{**AGREED, **rise, **worse}))


@pytest.mark.parametrize(
    "better",
    [
        {"rate_bp": 1001},
        {"base": "gross"},
        {"window_days": 31},
        {"hold_days": 29},
        {"take_back_months": 11},
    ],
    ids=str,
)
def test_better_conditions_are_not_a_cut(better: dict[str, Any]) -> None:
    assert not is_cut(Conditions(**AGREED), Conditions(**{**AGREED, **better}))


@pytest.mark.parametrize("months", [1, 120, None])
def test_no_take_back_is_longer_than_one_without_an_end(months: int | None) -> None:
    forever = {**AGREED, "take_back_months": None}
    assert not is_cut(Conditions(**forever), Conditions(**{**AGREED, "take_back_months": months}))


def test_a_cut_waits_for_its_notice_and_a_rise_does_not() -> None:
    former = NOW - timedelta(days=100)
    assert effective_time(NOW, former, None, cut=False, notice_days=14) == NOW
    assert effective_time(NOW, former, None, cut=True, notice_days=14) == NOW + timedelta(days=14)
    with pytest.raises(Invalid, match="notice"):
        effective_time(NOW, former, NOW + timedelta(days=13), cut=True, notice_days=14)
    later = NOW + timedelta(days=20)
    assert effective_time(NOW, former, later, cut=True, notice_days=14) == later


def test_terms_cannot_start_in_the_past_or_before_a_planned_version() -> None:
    planned = NOW + timedelta(days=5)
    assert effective_time(NOW, planned, None, cut=False, notice_days=14) == planned
    for too_early in (NOW - timedelta(days=1), NOW + timedelta(days=1)):
        with pytest.raises(Invalid):
            effective_time(NOW, planned, too_early, cut=False, notice_days=14)


def test_a_notice_below_the_minimum_is_rejected() -> None:
    with pytest.raises(Invalid, match="too short"):
        effective_time(NOW, NOW, None, cut=True, notice_days=0)


def test_sub_ids_are_validated_and_empty_ones_dropped() -> None:
    assert checked_sub_ids({"s1": " bio ", "s2": "", "s5": "ä"}) == {"s1": "bio", "s5": "ä"}
    assert checked_sub_ids(None) == {}
    for wrong in ({"s6": "x"}, {"utm": "x"}, {"s1": "x" * 101}, {"s1": "a\nb"}, {"s1": "a\x00"}):
        with pytest.raises(Invalid):
            checked_sub_ids(wrong)


def test_the_token_parameter_needs_no_escaping() -> None:
    assert checked_token_parameter("ll") == "ll"
    for wrong in ("", "a b", "a=b", "a&b", "1a", "x" * 33, "ä", "ll\n"):
        with pytest.raises(Invalid):
            checked_token_parameter(wrong)
