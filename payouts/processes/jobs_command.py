"""The command that shows the jobs: when each ran last, how late, what it cost, and what waits for it."""

from datetime import datetime
from typing import Any

import click

from config.database import read_session
from payouts.jobs.latest import lateness_of, latest_runs
from payouts.jobs.models import JobRun
from payouts.monitoring.backlog import backlogs
from payouts.processes.job_table import JOBS, Job
from tracker.console import CommandResult, Console, ConsoleCommand, pass_console
from tracker.times import format_utc


@click.command("jobs", cls=ConsoleCommand)
@pass_console
def jobs_command(console: Console) -> CommandResult:
    """Show each job: its last run, how late and how long it was, what waits for it, its last error."""
    now = console.now
    with read_session(console.databases.main) as session:
        latest, scheduled = latest_runs(session, scheduled=False), latest_runs(session, scheduled=True)
        waiting = backlogs(session, now)
    values = [
        _job_json(job, latest.get(job.name), scheduled.get(job.name), waiting.get(job.name), now)
        for job in JOBS
    ]
    return CommandResult(values, "\n".join(map(_line, values)))


def _job_json(
    job: Job, run: JobRun | None, scheduled: JobRun | None, backlog: int | None, now: datetime
) -> dict[str, Any]:
    """`backlog` is None for a job that has none; times are None as long as there was no such run."""
    late = lateness_of(scheduled, now) if scheduled else None
    finished_at = run.finished_at if run else None
    return {
        "job": job.name,
        "lane": job.lane.value,
        "every_s": int(job.every.total_seconds()),
        "state": run.state if run else None,
        "started_by": run.started_by if run else None,
        "started_at": format_utc(run.started_at) if run else None,
        "began_late_s": int(late.began_late.total_seconds()) if late else None,
        "overdue_s": int(late.overdue.total_seconds()) if late else None,
        "took_s": round((finished_at - run.started_at).total_seconds(), 3) if run and finished_at else None,
        "cpu_ms": run.cpu_ms if run else None,
        "rows_done": run.rows_done if run else None,
        "backlog": backlog,
        "error": (run.result or {}).get("error") if run else None,
    }


def _line(each: dict[str, Any]) -> str:
    if each["state"] is None:
        return f"{each['job']:18} never ran"
    parts = [f"{each['job']:18} {each['started_at']}  {each['state']}"]
    if each["took_s"] is not None:
        parts.append(f"took {each['took_s']:.1f} s")
    if each["cpu_ms"] is not None:
        parts.append(f"{each['cpu_ms'] / 1000:.1f} s of CPU")
    if each["rows_done"]:
        parts.append(f"{each['rows_done']} rows")
    if each["began_late_s"]:
        parts.append(f"began {each['began_late_s']} s late")
    if each["overdue_s"]:
        parts.append(f"overdue for {each['overdue_s']} s")
    if each["backlog"]:
        parts.append(f"{each['backlog']} wait")
    return ", ".join(parts) + (f"\n    {each['error']}" if each["error"] else "")
