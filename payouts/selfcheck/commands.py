"""The command that runs the self-check."""

from typing import Any

import click

from payouts.selfcheck.checks import Promise, sweep
from tracker.console import CHECK_FOUND_FAULT, CommandResult, Console, ConsoleCommand, pass_console
from tracker.times import format_utc


@click.command("check", cls=ConsoleCommand)
@pass_console
def check_command(console: Console) -> CommandResult:
    """Check that the books balance and agree with statements and payouts. Exit code 3 when they do not."""
    checks: list[dict[str, Any]] = []
    lines: list[str] = []
    result = sweep(console.databases.main, console.now)
    for promise in Promise:
        findings = result.of(promise)
        faults = [{"subject": each.subject_id, "message": each.message} for each in findings]
        checks.append({"promise": promise.value, "ok": not faults, "faults": faults})
        lines.append(f"{'FAULT' if faults else 'ok   '}  {promise.value}")
        lines += [f"       {each.message}" for each in findings]
    all_ok = all(each["ok"] for each in checks)
    value = {"ok": all_ok, "checked_at": format_utc(console.now), "checks": checks}
    return CommandResult(value, "\n".join(lines), 0 if all_ok else CHECK_FOUND_FAULT)


COMMANDS = (check_command,)
