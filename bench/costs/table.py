"""The table of what was measured, with the targets (docs/benchmarks.md) and whether they are met."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, Any]

RATIO = 3.0
SAME_PER_ROW = 0.25
MONTH_S_PER_MILLION, MONTH_MB = 60.0, 300.0
IDLE_MS, CHECK_S, PAGE_MS = 50.0, 2.0, 30.0
HOOK_P99_MS = {"SQLite": 200.0, "PostgreSQL": 100.0}


@dataclass(frozen=True)
class Line:
    """One line of the table. `met` is None where there is no target."""

    database: str
    sales: int
    what: str
    figures: str
    target: str = ""
    met: bool | None = None

    def __str__(self) -> str:
        verdict = {True: "yes", False: "**no**", None: ""}[self.met]
        return (
            f"| {self.database} | {self.sales:,} | {self.what} | {self.figures} | {self.target} | {verdict} |"
        )


HEAD = "| database | sales | what | figures | target | met |\n|---|---|---|---|---|---|"


def cpu_s(figures: Figures) -> float:
    """Of the process and of the server."""
    return float(figures["cpu_s"]) + float(figures.get("server_cpu_s", 0))


def ratio(own: Figures, floor: Figures) -> float:
    return round(cpu_s(own) / max(cpu_s(floor), 0.001), 2)


def per_task_ms(figures: Figures) -> float:
    return cpu_s(figures) / max(int(figures["done"]), 1) * 1000


def step(database: str, sales: int, name: str, own: Figures, floor: Figures) -> Line:
    times = ratio(own, floor)
    figures = (
        f"{per_task_ms(own):.3f} ms each ({own['done']:,} tasks, {cpu_s(own):.2f} s CPU, "
        f"floor {cpu_s(floor):.2f} s), **{times:.2f}** times, {own['statements']:,} statements, "
        f"{own['peak_mb']:.0f} MB"
    )
    return Line(database, sales, name, figures, f"{RATIO:.0f} times", times <= RATIO)


def timed(database: str, sales: int, name: str, own: Figures, most_s: float | None = None) -> Line:
    """CPU seconds, with a target or without one."""
    figures = f"{cpu_s(own):.3f} s CPU, {own['peak_mb']:.0f} MB"
    figures += f", {own['statements']:,} statements" if "statements" in own else ""
    if most_s is None:
        return Line(database, sales, name, figures)
    target = f"{most_s * 1000:.0f} ms" if most_s < 1 else f"{most_s:.0f} s"
    return Line(database, sales, name, figures, target, cpu_s(own) <= most_s)


def month(database: str, sales: int, close: Figures, seal: Figures, floor: Figures) -> Line:
    """Closing, rows and seal of one month together."""
    lines, used = int(seal["lines"]), cpu_s(close) + cpu_s(seal)
    most_s = MONTH_S_PER_MILLION * lines / 1e6
    peak = max(close["peak_mb"], seal["peak_mb"])
    figures = (
        f"{used:.1f} s CPU (rows {cpu_s(close):.1f}, seal {cpu_s(seal):.1f}, floor {cpu_s(floor):.1f}), "
        f"{used / max(lines, 1) * 1e6:.1f} µs a line, {seal['parts']} parts, {peak:.0f} MB"
    )
    target = f"{most_s:.1f} s, {MONTH_MB:.0f} MB"
    return Line(
        database, sales, f"a month of {lines:,} lines", figures, target, used <= most_s and peak <= MONTH_MB
    )


def rows(database: str, sales: int, own: Figures) -> Line:
    """Closing with the rows alone, in batches of 2,000."""
    lines = int(own["lines"])
    figures = (
        f"{cpu_s(own):.1f} s CPU, {cpu_s(own) / max(lines, 1) * 1e6:.1f} µs a line, {own['peak_mb']:.0f} MB"
    )
    return Line(database, sales, f"closing and {lines:,} lines, batches of 2,000", figures)


def export(database: str, sales: int, kind: str, own: Figures) -> Line:
    figures = f"{cpu_s(own):.1f} s CPU, {own['mb']:.0f} MB written, {own['peak_mb']:.0f} MB of memory"
    return Line(database, sales, f"export {kind}", figures, f"{MONTH_MB:.0f} MB", own["peak_mb"] <= MONTH_MB)


def page(database: str, sales: int, name: str, own: Figures) -> Line:
    """The CPU time counts: the wall clock of a busy machine says little."""
    figures = f"median {own['median_ms']:.1f} ms, {own['cpu_ms']:.1f} ms CPU, {own['rows']} rows"
    return Line(database, sales, f"page: {name}", figures, f"{PAGE_MS:.0f} ms", own["cpu_ms"] < PAGE_MS)


def beside(database: str, sales: int, name: str, own: Figures) -> Line:
    hooks, redirects = own["hooks"], own["redirects"]
    figures = (
        f"hooks p50 {hooks['p50_ms']:.0f}, p99 {hooks['p99_ms']:.0f}, longest {hooks['longest_ms']:.0f} ms; "
        f"redirects p50 {redirects['p50_ms']:.1f}, p99 {redirects['p99_ms']:.1f}, "
        f"longest {redirects['longest_ms']:.0f} ms; {own['beside_s']:.0f} s, {own['answers']}"
    )
    most = HOOK_P99_MS[database]
    return Line(
        database, sales, f"hooks beside: {name}", figures, f"p99 {most:.0f} ms", hooks["p99_ms"] <= most
    )


def same_per_row(
    found: Mapping[tuple[str, int], Mapping[str, Figures]], names: Sequence[str]
) -> Iterator[Line]:
    """The smallest and the largest size of each database against each other."""
    for database in sorted({database for database, _ in found}):
        sizes = sorted(sales for each, sales in found if each == database)
        for name in names if len(sizes) > 1 else ():
            small, large = (found[database, sales][name] for sales in (sizes[0], sizes[-1]))
            cpu = per_task_ms(large) / max(per_task_ms(small), 1e-9)
            memory = large["peak_mb"] / small["peak_mb"]
            figures = f"{cpu:.2f} times the CPU and {memory:.2f} times the memory of {sizes[0]:,}"
            same = max(cpu, memory) <= 1 + SAME_PER_ROW
            yield Line(database, sizes[-1], f"{name}, each", figures, f"within {SAME_PER_ROW:.0%}", same)


def as_table(lines: Iterable[Line]) -> str:
    return "\n".join([HEAD, *map(str, lines)])
