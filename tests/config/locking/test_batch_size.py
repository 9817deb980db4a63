"""Batches become as large as their time allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.locking.batch_size import FIRST_ROWS, LEAST_ROWS, BatchSize

TARGET_S, MOST_ROWS = 0.05, 2_000


def run(size: BatchSize, available_rows: int, seconds_per_row: float, fixed_s: float = 0.002) -> list[float]:
    """Work through the rows; returns how long each batch took."""
    took: list[float] = []
    while available_rows:
        done = min(size.rows, available_rows)
        available_rows -= done
        took.append(fixed_s + done * seconds_per_row)
        size.note(done, took[-1])
    return took


@pytest.mark.parametrize("seconds_per_row", [0.00005, 0.0002, 0.001, 0.004])
def test_batches_come_close_to_their_time_and_do_not_exceed_it(seconds_per_row: float) -> None:
    size = BatchSize(TARGET_S, MOST_ROWS)
    took = run(size, 20_000, seconds_per_row)
    settled = took[10:-1]
    assert max(settled) <= TARGET_S + seconds_per_row
    assert min(settled) >= 0.8 * TARGET_S or size.rows == MOST_ROWS


def test_the_first_batch_is_small_and_slow_rows_do_not_make_batches_tiny() -> None:
    size = BatchSize(TARGET_S, MOST_ROWS)
    assert size.rows == FIRST_ROWS
    run(size, 50, 10.0)
    assert size.rows == LEAST_ROWS


def test_batches_grow_again_after_the_machine_was_busy() -> None:
    size = BatchSize(TARGET_S, MOST_ROWS)
    run(size, 200, 1.0)
    run(size, 20_000, 0.0002)
    assert size.rows > 200


def test_a_batch_that_was_not_full_makes_the_next_one_no_larger() -> None:
    size = BatchSize(TARGET_S, MOST_ROWS)
    size.note(3, 0.0001)
    size.note(0, 0.0001)
    assert size.rows == FIRST_ROWS
    size.note(3, 1.0)
    assert size.rows < FIRST_ROWS


@given(st.lists(st.tuples(st.integers(0, 3_000), st.floats(0, 100))), st.integers(1, MOST_ROWS))
def test_a_batch_never_has_more_rows_than_the_most(batches: list[tuple[int, float]], most_rows: int) -> None:
    size = BatchSize(TARGET_S, most_rows)
    for done, took_s in batches:
        size.note(done, took_s)
        assert 1 <= size.rows <= most_rows
