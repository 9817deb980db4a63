"""A year of books: the steps with their floors, the self-check, an idle minute, the queries of the pages."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from bench.costs import table
from bench.costs.place import Figures, Place
from tracker.times import format_utc, parse_utc

STEPS = ("accrue", "adjust", "release")
HOURS = 8_760
CLICK_DAYS = 10_000_000
Note = Callable[[table.Line], None]


def hour_of(sales: int) -> int:
    """The sales of one hour of the year."""
    return max(sales // HOURS, 1)


@dataclass
class Year:
    """Measures one filled place, which has twice `tasks` for each step, and those of one hour to accrue."""

    place: Place
    sales: int
    tasks: int
    note: Note
    found: dict[str, Figures] = field(default_factory=dict)
    _minutes: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000, 5)))

    def run(self) -> dict[str, Figures]:
        plain = self.place.copy("plain")
        self._timed("sweep", "self-check of everything", self._measure("sweep"))
        self._step(plain, "accrue", "hour", hour_of(self.sales))
        self._timed("check", "self-check after one hour", self._measure("check"), table.CHECK_S)
        for name in STEPS:
            self._step(plain, name, f"{name}, batches of 500", self.tasks)
            self._step(plain, name, name)
        found = self._measure("check")
        self._timed("check-jobs", f"self-check after {6 * self.tasks:,} tasks", found)
        self._timed("idle", "idle minute", self._measure("idle"), table.IDLE_MS / 1000)
        for name, totals in self._measure("totals").items():
            self._timed(name, f"job {name}", totals)
        self.found["pages"] = self._measure("pages")
        for name, page in self.found["pages"].items():
            self.note(table.page(self.place.database, self.sales, name, page))
        return self.found

    def _measure(self, name: str, *options: str) -> Figures:
        """As of some minutes after the last measurement."""
        now = parse_utc(self.place.filled["until"]) + timedelta(minutes=next(self._minutes))
        return self.place.measure(name, format_utc(now), *options)

    def _timed(self, name: str, what: str, figures: Figures, most_s: float | None = None) -> None:
        self.found[name] = figures
        self.note(table.timed(self.place.database, self.sales, what, figures, most_s))

    def _step(self, plain: Place, name: str, what: str, tasks: int = 0) -> None:
        """With a number of tasks, batches of a fixed size; else the scheduler's own path."""
        measured = f"{name}-fixed" if tasks else name
        own = self._measure(measured, *([f"--tasks={tasks}"] if tasks else []))
        floor = plain.floor_of(name, self.place)
        self.found[what] = own | {"floor": floor, "ratio": table.ratio(own, floor)}
        if what != "hour":
            self.note(table.step(self.place.database, self.sales, what, own, floor))
