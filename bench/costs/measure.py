"""One measurement in a process of its own: `python -m bench.costs.measure NAME HOME NOW`. Prints JSON.

The figures are those of the measured part alone, without start and imports: CPU time of the process, of the
backends of PostgreSQL that it used, peak memory, SQL statements.
"""

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bench.costs.jobs import JobRuns
from bench.costs.pages import measure_pages
from bench.costs.statements import FORMATS, close_month, close_month_at_once, measure_export, seal_month
from bench.costs.steps import STEPS, WARM, measure_job_of_step, measure_step
from config.database import open_databases, read_session
from config.garbage_collection import tune_gc
from config.locking.turns import Turn
from config.migrate import upgrade
from config.settings import load_settings
from payouts.ledger.models import Period
from payouts.processes.job_table import JOBS
from payouts.statements.models import Statement
from tracker.times import parse_utc

Measurement = Callable[[JobRuns, argparse.Namespace], dict[str, Any]]


def _exports(runs: JobRuns, _given: argparse.Namespace) -> dict[str, Any]:
    """Of the youngest statement, in each format."""
    youngest = (
        select(Period.brand_id, Period.name)
        .join(Statement, Statement.period_id == Period.id)
        .order_by(Period.starts_at.desc())
        .limit(1)
    )
    with read_session(runs.databases.main) as session:
        brand_id, period = session.execute(youngest).one()
    return {kind: measure_export(runs.settings, brand_id, period, kind) for kind in FORMATS}


def measurements() -> dict[str, Measurement]:
    """By name. The names of steps run their job and note its rows; with `-fixed`, in batches of one size."""
    found: dict[str, Measurement] = {
        "idle": lambda runs, given: runs.measure_idle(given.now),
        "check": lambda runs, given: runs.measure_check(given.now, full=False),
        "sweep": lambda runs, given: runs.measure_check(given.now, full=True),
        "totals": lambda runs, given: runs.measure_totals(given.now),
        "pages": lambda runs, given: measure_pages(runs.databases, runs.settings, given.now),
        "close": lambda runs, given: close_month(runs, given.now),
        "close-at-once": lambda runs, given: close_month_at_once(runs, given.now),
        "seal": lambda runs, _given: seal_month(runs),
        "close-and-seal": _close_and_seal,
        "exports": _exports,
        "migrate": _migrate,
    }
    for job in JOBS:
        found[f"job-{job.name}"] = partial(_job, name=job.name)
    for name in STEPS:
        found[name] = partial(_job_of_step, name=name)
        found[f"{name}-fixed"] = partial(_step, name=name)
    return found


def _migrate(runs: JobRuns, _given: argparse.Namespace) -> dict[str, Any]:
    upgrade(runs.databases)
    return {}


def _job(runs: JobRuns, given: argparse.Namespace, name: str) -> dict[str, Any]:
    return runs.measure(name, given.now)


def _close_and_seal(runs: JobRuns, given: argparse.Namespace) -> dict[str, Any]:
    return {"close": close_month(runs, given.now), "seal": seal_month(runs)}


def _job_of_step(runs: JobRuns, given: argparse.Namespace, name: str) -> dict[str, Any]:
    return measure_job_of_step(runs, name, given.now, given.home, WARM)


def _step(runs: JobRuns, given: argparse.Namespace, name: str) -> dict[str, Any]:
    return measure_step(runs.databases, name, given.now, given.home, given.tasks, WARM)


def main() -> None:
    known = measurements()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=known)
    parser.add_argument("home", type=Path)
    parser.add_argument("now", type=parse_utc)
    parser.add_argument("--tasks", type=int, default=0, help="of a step with batches of a fixed size")
    parser.add_argument("--postgresql", metavar="URL", default="")
    given = parser.parse_args()
    tune_gc()
    settings = load_settings(home=given.home, database_url=given.postgresql)
    databases = open_databases(settings, Turn.JOBS)
    found = known[given.name](JobRuns(databases, settings), given)
    databases.close()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
