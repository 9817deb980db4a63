"""A big month as the scheduler treats it: closed, its statement written in rows, approved, sealed."""

import os
import subprocess
import sys
import time
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import func, select

from bench.costs.jobs import JobRuns
from bench.costs.meter import Meter
from config.database import read_session, transact
from config.settings import Settings
from payouts.processes.supervisor import child_environment
from payouts.statements.close import close_oldest
from payouts.statements.models import SealedPart, Statement
from payouts.statements.rows.models import StatementLine
from payouts.statements.rows.writing import write_rows
from payouts.statements.seal import ROWS
from tests.harness import ROOT
from tracker.people.accounts.models import Brand

FORMATS = ("json", "csv", "sealed")
_CLI = "from payouts.cli import main; main()"


def close_month(runs: JobRuns, now: datetime) -> dict[str, Any]:
    """Close the month that has ended, and write its rows."""
    return runs.measure("close", now) | {"lines": _lines(runs)}


def close_month_at_once(runs: JobRuns, now: datetime) -> dict[str, Any]:
    """The same as the command does it: the rows in batches of one size."""
    engine, meter = runs.databases.main, Meter(runs.databases.main)
    with read_session(engine) as session:
        brands = list(session.scalars(select(Brand.id)))
    meter.start()
    for brand_id in brands:
        transact(engine, partial(close_oldest, now=now, brand_id=brand_id))
        while transact(engine, partial(write_rows, now=now, limit=ROWS, brand_id=brand_id)):
            pass
    return meter.stop() | {"lines": _lines(runs)}


def seal_month(runs: JobRuns) -> dict[str, Any]:
    """Approve what was closed, after its review, and seal it."""
    with read_session(runs.databases.main) as session:
        review_ends_at = session.scalar(
            select(Statement.review_ends_at).where(Statement.state != "sealed").limit(1)
        )
    assert review_ends_at is not None, "a month was closed"
    now = review_ends_at + timedelta(minutes=1)
    runs.measure("approve", now)
    found = runs.measure("seal", now)
    with read_session(runs.databases.main) as session:
        parts = session.scalar(select(func.count()).select_from(SealedPart))
    return found | {"lines": _lines(runs), "parts": parts}


def _lines(runs: JobRuns) -> int:
    with read_session(runs.databases.main) as session:
        return session.scalar(select(func.count()).select_from(StatementLine)) or 0


def measure_export(settings: Settings, brand_id: str, period: str, kind: str) -> dict[str, Any]:
    """The command that writes a statement: CPU time and peak memory of the whole process."""
    options = ["--brand", brand_id, "--period", period, "--format", kind]
    command = [sys.executable, "-c", _CLI, "statement", "export", *options]
    began_s = time.perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, env=child_environment(settings), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        size = 0
        while piece := process.stdout.read(1 << 20):
            size += len(piece)
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"the export of {period} as {kind} failed")
    return {
        "cpu_s": round(used.ru_utime + used.ru_stime, 3),
        "server_cpu_s": 0.0,
        "wall_s": round(time.perf_counter() - began_s, 3),
        "peak_mb": round(used.ru_maxrss / 1024, 1),
        "mb": round(size / 1e6, 1),
    }
