"""The command that runs the self-check."""

from functools import partial
from typing import Any

import click

from config.database import read_session
from payouts.selfcheck.checks import Promise
from payouts.selfcheck.models import Mark
from payouts.selfcheck.runs import CheckRun, run_check
from tracker.console import CHECK_FOUND_FAULT, CommandResult, Console, ConsoleCommand, pass_console
from tracker.times import format_utc


@click.command("check", cls=ConsoleCommand)
@click.option("--full", is_flag=True, help="Check everything, also what earlier checks have verified.")
@pass_console
def check_command(console: Console, full: bool) -> CommandResult:
    """Check that the books balance and agree with statements and payouts. Exit code 3 when they do not.

    It starts at the marks of the last check that found no fault. Where there is none, it checks everything.
    """
    checks: list[dict[str, Any]] = []
    lines: list[str] = []
    databases, clicks = console.databases, partial(read_session, console.databases.clicks)
    run = run_check(databases.main, console.settings, console.now, full=full, clicks=clicks)
    result = run.result
    for promise in Promise:
        findings = result.of(promise)
        faults = [{"subject": each.subject_id, "message": each.message} for each in findings]
        checks.append({"promise": promise.value, "ok": not faults, "faults": faults})
        lines.append(f"{'FAULT' if faults else 'ok   '}  {promise.value}")
        lines += [f"       {each.message}" for each in findings]
    all_ok = all(each["ok"] for each in checks)
    value = {"ok": all_ok, "checked_at": format_utc(console.now), "checks": checks}
    value |= {"full": run.is_full, "since": [_mark_json(each) for each in run.marks]}
    lines.append(_extent(run))
    return CommandResult(value, "\n".join(lines), 0 if all_ok else CHECK_FOUND_FAULT)


def _mark_json(mark: Mark) -> dict[str, Any]:
    return {
        "brand": mark.brand_id,
        "seq": mark.seq,
        "at": format_utc(mark.made_at),
        "all_checked_at": format_utc(mark.since),
    }


def _extent(run: CheckRun) -> str:
    """What was checked, in words."""
    if run.is_full:
        return "Everything was checked."
    since, all_checked = min(each.made_at for each in run.marks), min(each.since for each in run.marks)
    return (
        f"This was a check of what came since the marks of {format_utc(since)}; everything was checked at "
        f"{format_utc(all_checked)}. To check everything again, run: linkledger check --full"
    )


COMMANDS = (check_command,)
