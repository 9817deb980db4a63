"""One measurement in a process of its own: `python -m bench.books.measure NAME HOME NOW`. Prints JSON.

The figures are those of the measured part alone, without start and imports: CPU time of the process, of the
backends of PostgreSQL that it used, peak memory, SQL statements.
"""

import argparse
import json
import os
import pickle
import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, func, select, text

from config.database import Databases, open_databases, transact
from config.settings import Settings, load_settings
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due
from payouts.commissions.models import Commission
from payouts.commissions.release import release_due
from payouts.processes import job_table
from payouts.selfcheck.runs import run_check
from payouts.tables import MAIN_TABLES
from tracker.times import parse_utc

BATCH = 500
IDLE_MINUTES = 3


class Meter:
    """Counts what happens between `start` and `stop`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.statements = 0
        self._before: tuple[float, float, float] = (0, 0, 0)
        event.listen(engine, "before_cursor_execute", self._count)

    def _count(self, *_arguments: Any) -> None:
        self.statements += 1

    def start(self) -> None:
        self._before = self._now()
        self.statements = 0

    def stop(self) -> dict[str, Any]:
        statements = self.statements
        cpu_s, server_s, wall_s = (after - b for after, b in zip(self._now(), self._before, strict=True))
        return {
            "cpu_s": round(cpu_s, 3),
            "server_cpu_s": round(server_s, 3),
            "wall_s": round(wall_s, 3),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            "statements": statements,
        }

    def _now(self) -> tuple[float, float, float]:
        return time.process_time(), _backends_cpu_s(self._engine), time.perf_counter()


def _backends_cpu_s(engine: Engine) -> float:
    """CPU time of all connections to the database; 0 on SQLite."""
    if engine.dialect.name != "postgresql":
        return 0
    with engine.connect() as connection:
        pids = connection.scalars(text("select pid from pg_stat_activity where datname = current_database()"))
        paths = [Path(f"/proc/{pid}/stat") for pid in pids]
    fields = [path.read_text().rpartition(")")[2].split() for path in paths if path.exists()]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


Step = Callable[..., int]
STEPS: dict[str, Step] = {"accrue": accrue_due, "adjust": adjust_due, "release": release_due}


def measure_step(databases: Databases, name: str, now: datetime, folder: Path) -> dict[str, Any]:
    """Run a step of a job until nothing is left, and note the rows that it wrote, in HOME/rows-NAME."""
    step = STEPS[name]
    marks = _last_ids(databases.main)
    meter = Meter(databases.main)
    meter.start()
    done = 0
    while found := transact(databases.main, lambda session: step(session, now, BATCH)):
        done += int(found)
    return meter.stop() | {"done": done} | _written_rows(databases.main, name, marks, now, folder)


_UNORDERED = "ledger_account"
"""The only table whose ids do not contain their time: its ids are compared one by one."""


def _last_ids(engine: Engine) -> dict[str, Any]:
    """By table with an id: its largest id, or all ids of the unordered one."""
    with engine.connect() as connection:
        marks = {
            table.name: connection.scalar(select(func.max(table.c.id)))
            for table in MAIN_TABLES.sorted_tables
            if "id" in table.c
        }
        return marks | {_UNORDERED: set(connection.scalars(text(f"select id from {_UNORDERED}")))}


def _written_rows(
    engine: Engine, name: str, marks: dict[str, Any], now: datetime, folder: Path
) -> dict[str, Any]:
    """Store the rows that are younger than the marks, as the driver has them, and what was released."""
    written: list[tuple[str, list[str], list[tuple[Any, ...]]]] = []
    with engine.connect() as connection:
        for table in MAIN_TABLES.sorted_tables:
            if (mark := marks.get(table.name)) is None:
                continue
            names = [column.name for column in table.columns]
            columns, marker = ", ".join(names), "?" if engine.dialect.name == "sqlite" else "%s"
            if table.name == _UNORDERED:
                found = connection.exec_driver_sql(f"select {columns} from {table.name}")
                rows = [tuple(row) for row in found if row.id not in mark]
            else:
                sql = f"select {columns} from {table.name} where id > {marker} order by id"
                rows = [tuple(row) for row in connection.exec_driver_sql(sql, (mark,))]
            if rows:
                written.append((table.name, names, rows))
        released = _released(connection, marks["commission"], now) if name == "release" else []
    (folder / f"rows-{name}").write_bytes(pickle.dumps((written, released)))
    return {
        "rows": sum(len(rows) for _table, _names, rows in written) + len(released),
        "tables": {table: len(rows) for table, _names, rows in written},
    }


def _released(connection: Any, last_id: str, now: datetime) -> list[tuple[Any, ...]]:
    released = select(Commission.matured_at, Commission.first_released_at, Commission.id).where(
        Commission.matured_at == now, Commission.id <= last_id
    )
    process = _processor(connection.dialect)
    return [(process(row[0]), process(row[1]), row[2]) for row in connection.execute(released)]


def _processor(dialect: Any) -> Callable[[datetime], Any]:
    """Makes of a time what the driver takes."""
    column = Commission.__table__.c.matured_at
    found = column.type.dialect_impl(dialect).bind_processor(dialect)
    return found or (lambda value: value)


def measure_idle(databases: Databases, settings: Settings, now: datetime) -> dict[str, Any]:
    """The jobs of a minute in which nothing is due, on average of some minutes."""
    every_minute = [job for job in job_table.JOBS if job.every <= job_table.MINUTE]
    job_table.JOBS = tuple(every_minute)  # type: ignore[assignment]
    job_table.tick(databases, settings, now)
    meter = Meter(databases.main)
    meter.start()
    for minute in range(1, IDLE_MINUTES + 1):
        job_table.tick(databases, settings, now + minute * timedelta(minutes=1))
    found = meter.stop()
    for name in ("cpu_s", "server_cpu_s", "wall_s", "statements"):
        found[name] = round(found[name] / IDLE_MINUTES, 4)
    return found | {"done": len(every_minute)}


def measure_check(databases: Databases, settings: Settings, now: datetime, *, full: bool) -> dict[str, Any]:
    """The self-check from the last mark on, or with `full` over all of the books. `done`: the findings."""
    meter = Meter(databases.main)
    meter.start()
    run = run_check(databases.main, settings, now, full=full)
    return meter.stop() | {"done": len(run.result.in_order())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*STEPS, "idle", "check", "sweep"])
    parser.add_argument("home", type=Path)
    parser.add_argument("now")
    parser.add_argument("--postgresql", metavar="URL", default="")
    given = parser.parse_args()
    settings = load_settings(home=given.home, database_url=given.postgresql)
    databases = open_databases(settings)
    now = parse_utc(given.now)
    if given.name in STEPS:
        found = measure_step(databases, given.name, now, given.home)
    elif given.name == "idle":
        found = measure_idle(databases, settings, now)
    else:
        found = measure_check(databases, settings, now, full=given.name == "sweep")
    databases.close()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
