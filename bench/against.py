"""`make bench BENCH_ARGS="--against FOLDER"`: the edge of this checkout and that of another one, in turn.

FOLDER is a clone at another commit with an environment of its own (`sh .ci/venv dev` in it). Each has
databases of its own, made by its own code. In each round every server is started again, in an order that
changes from round to round, and measured at full load and at the same low rate. The medians of the ratios
count: what disturbs the machine for a while disturbs both.
"""

import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench import servers
from bench.measure import WARM_S, log, measure
from bench.servers import RunningServer
from config.settings import Settings, load_settings
from payouts.processes.supervisor import child_environment
from tests.harness import ROOT

THIS, OTHER, CONSTANT = "this", "other", "constant 302"
TENTH = 10
_VALUES = {
    "redirects per second": "per_second",
    "µs of CPU per redirect": "cpu_us",
    "p99 at a tenth of the load, ms": "p99_at_a_tenth_ms",
}
_PREPARE = "from bench.bench_redirect import prepare; from config.settings import load_settings; prepare({})"
CreateDatabase = Callable[[str], str]
Measured = dict[str, Any]


@dataclass
class Comparison:
    """The options, and what was found: database -> server -> one result for each round."""

    other: Path
    folder: Path
    requests: Path
    warm_requests: Path
    """Sent once to each server before it is measured, so that its links and browsers are in memory."""
    links: int
    seconds: float
    rounds: int
    server_core: int | None
    client_core: int | None
    found: dict[str, dict[str, list[Measured]]] = field(default_factory=dict)

    def run(self, create_database: CreateDatabase | None) -> dict[str, Any]:
        """Measure all rounds and log the medians, which are also returned."""
        kinds = ["SQLite"] + (["PostgreSQL"] if create_database is not None else [])
        settings = {
            kind: {
                name: self._prepare(kind, name, checkout, create_database if kind != "SQLite" else None)
                for name, checkout in self._checkouts().items()
            }
            for kind in kinds
        }
        rates: dict[str, float] = {}
        for number in range(self.rounds):
            for kind in kinds:
                self._round(number, kind, settings[kind], rates)
        return {kind: self._summary(kind) for kind in kinds}

    def _checkouts(self) -> dict[str, Path]:
        return {THIS: ROOT, OTHER: self.other}

    def _prepare(self, kind: str, name: str, checkout: Path, create: CreateDatabase | None) -> Settings:
        url = create(f"bench_{name}") if create is not None else ""
        settings = load_settings(home=self.folder / f"{kind}-{name}", database_url=url)
        settings.home.mkdir(parents=True, exist_ok=True)
        code = _PREPARE.format(f"load_settings(), {self.links}")
        command = [servers.python_of(checkout), "-c", code]
        subprocess.run(command, cwd=checkout, env=child_environment(settings), check=True)
        return settings

    def _round(self, number: int, kind: str, settings: dict[str, Settings], rates: dict[str, float]) -> None:
        running: dict[str, Callable[[], AbstractContextManager[RunningServer]]] = {
            name: lambda name=name, checkout=checkout: servers.edge(  # type: ignore[misc]
                settings[name], self.server_core, checkout=checkout
            )
            for name, checkout in self._checkouts().items()
        }
        running[CONSTANT] = lambda: servers.constant(self.server_core)
        names = [OTHER, THIS, CONSTANT]
        for name in reversed(names) if number % 2 else names:
            with running[name]() as server:
                if name != CONSTANT:
                    measure(server, self.warm_requests, WARM_S, self.client_core, once=True)
                full = measure(server, self.requests, self.seconds, self.client_core)
                # The other one is measured first, so its load sets the rate for all.
                rate = rates.setdefault(kind, full["per_second"] / TENTH)
                low = measure(server, self.requests, self.seconds, self.client_core, rate)
            full["p99_at_a_tenth_ms"] = low["p99_ms"]
            self.found.setdefault(kind, {}).setdefault(name, []).append(full)
            log(
                f"round {number + 1}, {kind:10} {name:12} {full['per_second']:8.0f}/s"
                f"{full['cpu_us']:8.1f} µs CPU   p99 at {rate:.0f}/s {low['p99_ms']:7.2f} ms"
                f"   {full['answers']}"
            )

    def _summary(self, kind: str) -> dict[str, float]:
        summary = {
            f"{value} {name}": round(median(each[key] for each in self.found[kind][name]), 2)
            for name in (THIS, OTHER, CONSTANT)
            for value, key in _VALUES.items()
        } | {
            f"{value} {THIS} / {name}": round(self._ratio(kind, key, name), 3)
            for name in (OTHER, CONSTANT)
            for value, key in _VALUES.items()
        }
        log(f"{kind}, medians of {self.rounds} rounds:")
        for value, number in summary.items():
            log(f"    {value:45} {number:10}")
        return summary

    def _ratio(self, kind: str, key: str, name: str) -> float:
        pairs = zip(self.found[kind][THIS], self.found[kind][name], strict=True)
        return median(float(this[key]) / max(float(other[key]), 0.001) for this, other in pairs)
