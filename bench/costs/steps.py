"""The steps of the minute's jobs: by the scheduler's own path, and with batches of a fixed size.

What they wrote is noted in HOME/rows-NAME, so that the floor writes the same (bench/costs/plain.py).
"""

import pickle
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select, text

from bench.costs.jobs import JobRuns
from bench.costs.meter import Meter
from config.database import Databases, transact
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due
from payouts.commissions.models import Commission
from payouts.commissions.release import release_due
from payouts.tables import MAIN_TABLES

BATCH = 500
WARM = 20

Step = Callable[..., int]
STEPS: dict[str, tuple[Step, str]] = {
    "accrue": (accrue_due, "accrue"),
    "adjust": (adjust_due, "adjust"),
    "release": (release_due, "mature"),
}
"""By name: the step, and the job that runs it."""


def measure_step(
    databases: Databases, name: str, now: datetime, folder: Path, tasks: int = 0, warm: int = 0
) -> dict[str, Any]:
    """Run a step with batches of BATCH rows until about `tasks` are done, or until nothing is left.

    `warm` tasks are done before and not counted: a scheduler has compiled its statements long ago.
    """
    step = STEPS[name][0]
    marks = _last_ids(databases.main)
    _warm(databases, step, now, warm)
    meter = Meter(databases.main)
    meter.start()
    done = 0
    while not tasks or done < tasks:
        limit = min(BATCH, tasks - done) if tasks else BATCH
        if not (found := transact(databases.main, partial(step, now=now, limit=limit))):
            break
        done += int(found)
    return meter.stop() | {"done": done} | _written_rows(databases.main, name, marks, now, folder)


def measure_job_of_step(
    runs: JobRuns, name: str, now: datetime, folder: Path, warm: int = 0
) -> dict[str, Any]:
    """Run the job of a step as the scheduler does: batches are bounded by time. `warm` as above."""
    engine = runs.databases.main
    context = runs.context(STEPS[name][1], now)
    marks = _last_ids(engine)
    _warm(runs.databases, STEPS[name][0], now, warm)
    meter = Meter(engine)
    meter.start()
    runs.work(context, STEPS[name][1])
    found = meter.stop()
    return found | {"done": context.rows_done} | _written_rows(engine, name, marks, now, folder)


def _warm(databases: Databases, step: Step, now: datetime, tasks: int) -> None:
    if tasks:
        transact(databases.main, partial(step, now=now, limit=tasks))


_UNORDERED = "ledger_account"
"""The only table whose ids do not contain their time: its ids are compared one by one."""

_UNCOUNTED = "job_run"


def _last_ids(engine: Engine) -> dict[str, Any]:
    """By table with an id: its largest id, or all ids of the unordered one."""
    with engine.connect() as connection:
        marks = {
            table.name: connection.scalar(select(func.max(table.c.id)))
            for table in MAIN_TABLES.sorted_tables
            if "id" in table.c and table.name != _UNCOUNTED
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
