"""The command that runs all jobs."""

from collections.abc import Sequence
from typing import Any

import click

from payouts.processes.job_table import run_all_jobs
from tracker.console import FAILED, CommandResult, Console, ConsoleCommand, pass_console
from tracker.times import parse_utc


@click.command("work", cls=ConsoleCommand)
@click.option("--as-of", metavar="TIME", help="Run the jobs for each day until this later time.")
@pass_console
def work_command(console: Console, as_of: str | None) -> CommandResult:
    """Run every job once and report what each did."""
    until = parse_utc(as_of) if as_of else None
    results = run_all_jobs(console.job_databases, console.settings, console.now, until)
    failed = any("error" in done for result in results for done in result["jobs"].values())
    return CommandResult(results, results_text(results), FAILED if failed else 0)


def results_text(results: Sequence[dict[str, Any]]) -> str:
    """What each job did, from the results of `run_all_jobs`."""
    lines = [
        f"{result['at']}  {name}: {_result_text(done)}"
        for result in results
        for name, done in result["jobs"].items()
        if _did_something(done)
    ]
    return "\n".join(lines) or "There was nothing to do."


def _did_something(done: dict[str, Any]) -> bool:
    return any(done.values())


def _result_text(done: dict[str, Any]) -> str:
    """Without the codes of reasons, whose words are shown."""
    return ", ".join(f"{name} {value}" for name, value in _without_codes(done).items() if value)


def _without_codes(done: dict[str, Any]) -> dict[str, Any]:
    """Also without those of a payout run, which stand in the result of its brand."""
    return {
        name: _without_codes(value) if isinstance(value, dict) else value
        for name, value in done.items()
        if name not in ("error_reasons", "reasons")
    }


COMMANDS = (work_command,)
