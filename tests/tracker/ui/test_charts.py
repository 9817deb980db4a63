"""Charts: every figure is drawn where it belongs, and texts of people are escaped."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.language.texts import use_language
from tracker.ui.charts import BASE, MAX_GRID_LINES, PLOT_WIDTH, TOP, Bar, bar_chart, grid_step, sparkline


def heights(svg: str) -> list[float]:
    return [float(height) for height in re.findall(r'<rect class="bar[^>]*height="([\d.]+)"', svg)]


def test_the_highest_bar_fills_the_chart_and_the_others_are_in_proportion() -> None:
    svg = bar_chart("k", "Clicks", "Four days.", [Bar(50), Bar(100, is_marked=True), Bar(0), Bar(25)])
    assert heights(svg) == [49.0, float(BASE - TOP), 24.5], "a zero is no bar"
    assert svg.count('class="bar hi"') == 1


def test_the_period_before_is_a_dashed_line_on_the_same_scale() -> None:
    svg = bar_chart("k", "Clicks", "Two days.", [Bar(5), Bar(10)], previous=[20, 10])
    assert max(heights(svg)) == (BASE - TOP) / 2
    assert f'<path class="prev" d="M79.5 {TOP:.1f} L238.5 {(TOP + BASE) / 2:.1f}"/>' in svg


def test_a_chart_without_data_has_its_axis_and_description() -> None:
    svg = bar_chart("k", "Clicks", "No clicks.", [])
    assert '<desc id="k-desc">No clicks.</desc>' in svg
    assert f'<path class="axis" d="M0 {BASE}H{PLOT_WIDTH}"/>' in svg
    assert "NaN" not in svg


def test_texts_are_escaped() -> None:
    svg = bar_chart("k", "<b>", "<i>", [Bar(1)], labels={0: "<u>"}) + sparkline([1, 2], "<s>")
    assert not re.search(r"<[bius]>", svg)


def test_the_axis_is_written_in_the_language_of_the_reader() -> None:
    with use_language("de"):
        assert ">2.000</text>" in bar_chart("k", "Klicks", "Ein Tag.", [Bar(4321)])


@pytest.mark.parametrize(
    ("highest", "step"), [(1, 1), (3, 1), (4, 2), (9, 5), (24, 10), (100, 50), (2**53, 5 * 10**15)]
)
def test_grid_lines_are_few_and_round(highest: int, step: int) -> None:
    assert grid_step(highest) == step


@given(st.lists(st.integers(0, 2**53), max_size=60), st.lists(st.integers(0, 2**53), max_size=60))
def test_nothing_is_drawn_outside(values: list[int], previous: list[int]) -> None:
    svg = bar_chart("k", "t", "d", [Bar(value) for value in values], previous=previous)
    assert all(0 <= height <= BASE - TOP for height in heights(svg))
    assert svg.count('class="grid"') <= MAX_GRID_LINES
    numbers = re.findall(r"[ML ]([\d.]+) ([\d.]+)", sparkline(values, "x").partition('class="ln"')[2])
    assert all(0 <= float(x) <= 96.01 and 0 <= float(y) <= 28 for x, y in numbers)
