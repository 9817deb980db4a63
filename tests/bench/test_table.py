"""The table of the benchmark says of each figure whether it meets its target."""

from bench.costs import table

FLOOR = {"cpu_s": 1.0, "server_cpu_s": 1.0}


def _step(cpu_s: float) -> table.Line:
    own = {"cpu_s": cpu_s, "server_cpu_s": 3.0, "done": 100, "statements": 7, "peak_mb": 90.0}
    return table.step("PostgreSQL", 10_000, "accrue", own, FLOOR)


def test_a_step_may_take_three_times_its_floor_with_the_time_of_the_server() -> None:
    assert _step(3.0).met
    assert not _step(3.1).met
    assert str(_step(3.1)).endswith("| 3 times | **no** |")


def test_a_month_is_measured_by_its_lines_and_by_the_memory_of_both_halves() -> None:
    close = {"cpu_s": 4.0, "peak_mb": 120.0}
    seal = {"cpu_s": 1.9, "peak_mb": 299.0, "lines": 100_000, "parts": 90}
    assert table.month("SQLite", 100_000, close, seal, FLOOR).met
    assert not table.month("SQLite", 100_000, close, seal | {"cpu_s": 2.1}, FLOOR).met
    assert not table.month("SQLite", 100_000, close | {"peak_mb": 301.0}, seal, FLOOR).met


def test_a_task_may_cost_a_quarter_more_in_the_largest_books_and_memory_too() -> None:
    def found(cpu_s: float, peak_mb: float = 100.0) -> dict[str, table.Figures]:
        return {"accrue": {"cpu_s": cpu_s, "done": 10, "peak_mb": peak_mb}}

    small = {("SQLite", 10): found(1.0), ("PostgreSQL", 10): found(1.0)}
    (line,) = table.same_per_row(small | {("SQLite", 100): found(1.25)}, ["accrue"])
    assert (line.database, line.sales, line.met) == ("SQLite", 100, True)
    for worse in (found(1.26), found(1.0, 126.0)):
        (line,) = table.same_per_row(small | {("SQLite", 100): worse}, ["accrue"])
        assert not line.met
