"""`make bench-books`: what the books cost, each figure beside its floor or its target.

    python -m bench.bench_books [--sizes 10000 100000 1000000] [--creators 1000] [--parts year month beside]

The filler (bench/books) writes the books; each measurement runs in a process of its own.

`year`: twelve months. The steps of the minute's jobs, in batches of a fixed size and by the scheduler's own
path; their floor is the driver's executemany of the rows that they wrote, into a copy of the same database,
directly after them. The self-check, an idle minute, the queries of the pages.
`month`: all sales in one month, which is closed and sealed; the floor writes the same rows and parts.
`beside`: webhooks and redirects beside each job (bench/costs/beside.py).

CPU time counts, which a busy machine disturbs little; of webhooks and redirects it is the wall clock.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from bench.costs import month, table
from bench.costs.beside import BesideBench
from bench.costs.place import CreateDatabase, Place, new_place
from bench.costs.steps import WARM
from bench.costs.year import CLICK_DAYS, STEPS, Year, hour_of
from bench.measure import log
from bench.postgres import durable_postgres
from tests.harness import ROOT

SIZES = (10_000, 100_000, 1_000_000)
TASKS = 5_000
BESIDE_TASKS = 20_000
UNTIL = "2026-11-20T10:00:00Z"
PARTS = ("year", "month", "beside")


class BooksBench:
    """All measurements that the options ask for; the table grows with each of them."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._lines: list[table.Line] = []
        self.results: dict[str, Any] = {}
        self._steps: dict[tuple[str, int], Any] = {}

    def run(self, kind: str, create: CreateDatabase | None) -> None:
        for sales in self._options.sizes:
            for part in self._options.parts:
                with tempfile.TemporaryDirectory(dir=self._options.folder) as name:
                    place = new_place(Path(name), f"{part}{sales}", create)
                    began_s = time.monotonic()
                    self.results[f"{kind} {sales} {part}"] = getattr(self, f"_{part}")(place, sales)
                    log(f"{kind}, {sales} sales, {part}: {time.monotonic() - began_s:.0f} s")

    def run_filled(self, home: Path) -> None:
        """The year of a home on SQLite that was filled before; it is copied."""
        with tempfile.TemporaryDirectory(dir=self._options.folder) as name:
            place = Place(Path(name) / "year", "")
            shutil.copytree(home, place.home)
            place.measure("migrate", UNTIL)
            sales = place.filled["sales"]
            self.results[f"SQLite {sales} year"] = Year(place, sales, self._options.tasks, self.note).run()

    def note(self, line: table.Line) -> None:
        self._lines.append(line)
        log(str(line))

    def table(self) -> str:
        return table.as_table([*self._lines, *table.same_per_row(self._steps, STEPS)])

    def _year(self, place: Place, sales: int) -> Any:
        tasks = self._options.tasks + WARM
        filled = place.fill(
            sales=sales, creators=self._options.creators, until=UNTIL, click_days=self._options.click_days,
            unaccrued=2 * tasks + hour_of(sales) + WARM, unadjusted=2 * tasks, due=2 * tasks,
        )  # fmt: skip
        self.note(table.timed(place.database, sales, "fill a year", filled))
        found = Year(place, sales, tasks - WARM, self.note).run()
        self._steps[place.database, sales] = found
        return found

    def _month(self, place: Place, sales: int) -> Any:
        filled = place.fill(sales=sales, creators=self._options.creators, until=UNTIL, **month.FILL)
        self.note(table.timed(place.database, sales, "fill a month", filled))
        return month.measure_month(place, sales, self.note)

    def _beside(self, place: Place, sales: int) -> Any:
        tasks = self._options.beside_tasks
        left = {"unaccrued": tasks, "unadjusted": tasks, "due": tasks}
        place.fill(sales=sales, creators=self._options.creators, **left, **month.FILL)
        return BesideBench(place, place.home.parent, self._options.seconds).run(self.note)


def main() -> None:
    options = _options()
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))  # so that the server is stopped too
    options.folder.mkdir(parents=True, exist_ok=True)
    bench = BooksBench(options)
    try:
        if options.filled is not None:
            bench.run_filled(options.filled)
            return
        needs_server = options.only != "SQLite"
        with durable_postgres() if needs_server else nullcontext() as create_database:
            for kind, create in (("SQLite", None), ("PostgreSQL", create_database)):
                if options.only in (None, kind) and (kind == "SQLite" or create is not None):
                    bench.run(kind, create)
    finally:
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "at": time.ctime()}
        path = options.folder / "books.json"
        path.write_text(json.dumps({"machine": machine, "results": bench.results}, indent=2) + "\n")
        path.with_suffix(".md").write_text(bench.table() + "\n")
        log(f"All results are in {path}, the table in {path.with_suffix('.md')}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the books, each job beside the floor of its rows.")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), metavar="N")
    parser.add_argument("--creators", type=int, default=1_000)
    parser.add_argument("--parts", choices=PARTS, nargs="+", default=list(PARTS))
    parser.add_argument("--only", choices=("SQLite", "PostgreSQL"))
    parser.add_argument("--tasks", type=int, default=TASKS, help="of each step, for each way to run it")
    parser.add_argument(
        "--beside-tasks", type=int, default=BESIDE_TASKS, help="of each step, beside webhooks"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="longest, beside one job")
    parser.add_argument("--click-days", type=int, default=CLICK_DAYS, help="rows of visits by day")
    parser.add_argument("--filled", type=Path, metavar="HOME", help="only the year of this home on SQLite")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "var" / "bench", help="a folder on the disk to measure"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
