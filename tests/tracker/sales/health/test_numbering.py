"""Finding missing order numbers, except in sequences with natural gaps."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.sales.health.numbering import MAX_GAPS, MIN_ORDERS, Gap, Numbering, numbering, subtract_known


def sorted_by_length(names: list[str]) -> list[str]:
    return sorted(names, key=lambda name: (len(name), name))


def numbering_of(numbers: list[int], pattern: str = "#{}") -> Numbering | None:
    return numbering(sorted_by_length([pattern.format(number) for number in numbers]))


def gap_ranges(found: Numbering | None) -> list[tuple[int, int]]:
    assert found is not None
    return [(gap.first, gap.last) for gap in found.gaps]


@pytest.mark.parametrize("pattern", ["#{}", "{}", "EN-{}", "{}-A", "{:06}", "2025/{}"])
def test_missing_orders_are_reported_by_name(pattern: str) -> None:
    numbers = [each for each in range(980, 1060) if each not in (990, *range(1020, 1030))]
    found = numbering_of(numbers, pattern)
    assert gap_ranges(found) == [(990, 990), (1020, 1029)]
    assert found is not None
    assert (found.known, found.missing) == (69, 11)
    assert [found.series.name(gap.first) for gap in found.long_gaps] == [pattern.format(1020)]


def test_a_sequence_with_natural_gaps_reports_nothing() -> None:
    """As in WooCommerce, where orders, pages, images and revisions share one sequence."""
    generator = random.Random(7)
    posts = [number for number in range(1, 2000) if generator.random() < 0.4]
    assert numbering_of(posts, "{}") is None


def test_a_long_outage_is_reported_as_a_gap() -> None:
    assert gap_ranges(numbering_of([*range(1, 101), *range(900, 1000)])) == [(101, 899)]


def test_too_few_or_unnumbered_orders_report_nothing() -> None:
    assert numbering_of(list(range(MIN_ORDERS - 1))) is None
    assert numbering([]) is None
    assert numbering(["cs_test_a1b2", "b", "", "٣٤"] * 30) is None
    assert (
        numbering(
            sorted_by_length([f"{letter}{n}" for letter in "abcdefghijklmnopqrstuvwxyz" for n in range(30)])
        )
        is None
    )


def test_a_restart_of_the_numbering_is_not_a_gap() -> None:
    assert gap_ranges(numbering_of([*range(1, 50), *range(100_000, 100_050)])) == []


def test_the_series_with_the_most_orders_is_used() -> None:
    names = [f"#{n}" for n in range(1000, 1100) if n != 1050] + [f"POS-{n}" for n in range(0, 30, 2)]
    found = numbering(sorted_by_length(names))
    assert gap_ranges(found) == [(1050, 1050)]


def test_only_the_largest_gaps_are_kept() -> None:
    numbers = [n for n in range(5000) if n % 10 != 3]
    numbers = [n for n in numbers if not 2000 <= n < 2020]
    found = gap_ranges(numbering_of(numbers))
    assert (len(found), (2000, 2019) in found) == (MAX_GAPS, True)


@given(st.sets(st.integers(0, 400), min_size=1))
def test_known_and_missing_numbers_together_are_the_whole_range(numbers: set[int]) -> None:
    found = numbering_of(sorted(numbers))
    if found is not None:
        missing = {number for gap in found.gaps for number in gap.numbers()}
        assert missing | numbers == set(range(min(numbers), max(numbers) + 1))
        assert not missing & numbers


@given(st.integers(1, 30), st.sets(st.integers(0, 29)))
def test_known_numbers_are_removed_from_a_gap(size: int, known: set[int]) -> None:
    gap = Gap(size, 0)
    inside = {number for number in known if number < size}
    left = [number for each in subtract_known(gap, inside) for number in each.numbers()]
    assert left == sorted(set(gap.numbers()) - inside)
