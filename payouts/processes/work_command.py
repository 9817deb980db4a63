"""The command that runs all jobs."""

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
    results = run_all_jobs(console.databases, console.settings, console.now, until)
    failed = any("error" in done for result in results for done in result["jobs"].values())
    lines = [
        f"{result['at']}  {name}: {_result_text(done)}"
        for result in results
        for name, done in result["jobs"].items()
        if _did_something(done)
    ]
    return CommandResult(results, "\n".join(lines) or "There was nothing to do.", FAILED if failed else 0)


def _did_something(done: dict[str, Any]) -> bool:
    return any(done.values())


def _result_text(done: dict[str, Any]) -> str:
    """Without the codes of the errors, whose words are shown."""
    return ", ".join(f"{name} {value}" for name, value in done.items() if value and name != "error_reasons")


COMMANDS = (work_command,)
