"""`make bench-books`: what the jobs of the books cost, each beside the floor of its own rows.

    python -m bench.bench_books [--sizes 10000 100000 1000000] [--creators 1000] [--postgresql URL]

The filler (bench/books) writes a year of books and leaves LEFT tasks for each job. Each job runs in a process
of its own; the floor is the driver's executemany of the rows that it wrote, into a copy of the same database,
directly after it. CPU time counts, which a busy machine disturbs little. `sweep` is the self-check of
everything; `check` starts at its mark and checks what the jobs have done since; `idle` is a minute in which
nothing is due.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from bench.measure import log
from bench.postgres import durable_postgres
from tests.harness import ROOT
from tracker.times import format_utc, parse_utc

SIZES = (10_000, 100_000, 1_000_000)
LEFT = 5_000
UNTIL = "2026-11-20T10:00:00Z"
STEPS = ("accrue", "adjust", "release")
READS = ("check", "idle")
CreateDatabase = Callable[[str], str]
Figures = dict[str, Any]


@dataclass
class BooksBench:
    """Measures one size on one kind of database. `create` is None on SQLite."""

    folder: Path
    sales: int
    creators: int
    kind: str
    create: CreateDatabase | None
    found: dict[str, Figures] = field(default_factory=dict)

    def run(self) -> dict[str, Figures]:
        home, url = self.folder / "home", ""
        home.mkdir()
        if self.create is not None:
            url = self.create(f"books{self.sales}")
        left = [f"--{name}={LEFT}" for name in ("unaccrued", "unadjusted", "due")]
        size = [f"--sales={self.sales}", f"--creators={self.creators}", f"--until={UNTIL}"]
        self._note("fill", _run("fill", str(home), *size, *left, *_on(url)))
        self._note("sweep", _run("measure", "sweep", str(home), UNTIL, *_on(url)))
        plain_home, plain_url = self._copy(home, url)
        for number, name in enumerate(STEPS, start=1):
            now = format_utc(parse_utc(UNTIL) + timedelta(minutes=number))
            own = _run("measure", name, str(home), now, *_on(url))
            floor = _run("plain", str(home / f"rows-{name}"), str(plain_home), *_on(plain_url))
            self._note(name, own | {"floor": floor, "ratio": _ratio(own, floor)})
        later = parse_utc(UNTIL) + timedelta(minutes=len(STEPS) + 1)
        for name in READS:
            self._note(name, _run("measure", name, str(home), format_utc(later), *_on(url)))
        return self.found

    def _note(self, name: str, figures: Figures) -> None:
        self.found[name] = figures
        log(line(self.kind, self.sales, name, figures))

    def _copy(self, home: Path, url: str) -> tuple[Path, str]:
        """Another database with the same rows, for the floors."""
        copy = self.folder / "plain"
        if not url:
            shutil.copytree(home, copy)
            return copy, ""
        copy.mkdir()
        parts = make_url(url)
        name = f"{parts.database}_plain"
        with psycopg.connect(
            host=str(parts.query["host"]), dbname="postgres", user=parts.username, autocommit=True
        ) as connection:
            connection.execute(f"create database {name} template {parts.database}".encode())
        return copy, parts.set(database=name).render_as_string(hide_password=False)


def line(kind: str, sales: int, name: str, figures: Figures) -> str:
    """One measurement as a line of the table."""
    cpu_s = figures["cpu_s"] + figures.get("server_cpu_s", 0)
    text = f"{kind:10} {sales:9,} sales  {name:8} {cpu_s:9.3f} s CPU"
    if "ratio" in figures:
        each = cpu_s / max(figures["done"], 1) * 1e3
        text += f"  {each:7.3f} ms each, {figures['ratio']:6.2f} times its floor"
    if "statements" in figures:
        text += f"  {figures['statements']:9} statements"
    return f"{text}  {figures.get('peak_mb', 0):7.1f} MB"


def _on(url: str) -> list[str]:
    return [f"--postgresql={url}"] if url else []


def _run(name: str, *arguments: str) -> Figures:
    """What a program of bench/books prints."""
    command = [sys.executable, "-m", f"bench.books.{name}", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    found: Figures = json.loads(done.stdout)
    return found


def _ratio(own: Figures, floor: Figures) -> float:
    """CPU time of both sides, process and server, for each."""
    used, least = (float(each["cpu_s"] + each["server_cpu_s"]) for each in (own, floor))
    return round(used / max(least, 0.001), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the books, each job beside the floor of its rows.")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), metavar="N")
    parser.add_argument("--creators", type=int, default=1_000)
    parser.add_argument("--only", choices=("SQLite", "PostgreSQL"))
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "var" / "bench", help="a folder on the disk to measure"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))  # so that the server is stopped too
    options.folder.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {}
    with durable_postgres() as create_database:
        for sales in options.sizes:
            for kind, create in (("SQLite", None), ("PostgreSQL", create_database)):
                if options.only not in (None, kind) or (kind == "PostgreSQL" and create is None):
                    continue
                with tempfile.TemporaryDirectory(dir=options.folder) as name:
                    bench = BooksBench(Path(name), sales, options.creators, kind, create)
                    results[f"{kind} {sales}"] = bench.run()
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "at": time.ctime()}
    path = options.folder / "books.json"
    path.write_text(json.dumps({"machine": machine, "results": results}, indent=2) + "\n")
    log(f"All results are in {path}")


if __name__ == "__main__":
    main()
