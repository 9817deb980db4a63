"""Commands of the whole installation: jobs, the self-check, the path of an order."""

from typing import Any

import click

from config.database import reading
from payouts.explain.order import as_text, explain
from payouts.processes.job_table import work as work_jobs
from payouts.selfcheck.checks import CHECKS
from tracker.console import CHECK_FOUND_FAULT, FAILED, Answer, Console, ConsoleCommand, pass_console
from tracker.times import utc_text, utc_time


@click.command("work", cls=ConsoleCommand)
@click.option("--as-of", metavar="TIME", help="As if it were that later time: each day until then.")
@pass_console
def work_command(console: Console, as_of: str | None) -> Answer:
    """Run every job that is due, once, and say what each did."""
    until = utc_time(as_of) if as_of else None
    results = work_jobs(console.databases, console.settings, console.now, until)
    failed = any("error" in done for result in results for done in result["jobs"].values())
    lines = [
        f"{result['at']}  {name}: {_sentence(done)}"
        for result in results
        for name, done in result["jobs"].items()
        if _worth_saying(done)
    ]
    return Answer(results, "\n".join(lines) or "Nothing was due.", FAILED if failed else 0)


def _worth_saying(done: dict[str, Any]) -> bool:
    return any(done.values())


def _sentence(done: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in done.items() if value)


@click.command("check", cls=ConsoleCommand)
@pass_console
def check_command(console: Console) -> Answer:
    """Check that the books balance and agree with statements and payouts. Exit code 3 when they do not."""
    checks: list[dict[str, Any]] = []
    lines: list[str] = []
    with reading(console.databases.main) as session:
        for promise, check in CHECKS:
            findings = list(check(session, console.now))
            faults = [{"subject": each.subject_id, "message": each.message} for each in findings]
            checks.append({"promise": promise, "ok": not faults, "faults": faults})
            lines.append(f"{'FAULT' if faults else 'ok   '}  {promise}")
            lines += [f"       {each.message}" for each in findings]
    sound = all(each["ok"] for each in checks)
    value = {"ok": sound, "checked_at": utc_text(console.now), "checks": checks}
    return Answer(value, "\n".join(lines), 0 if sound else CHECK_FOUND_FAULT)


@click.command("explain", cls=ConsoleCommand)
@click.argument("order_id", metavar="ORDER")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@pass_console
def explain_command(console: Console, order_id: str, brand_id: str) -> Answer:
    """Tell the whole path of an order: event, click, decision, commission, statement, transfer."""
    with reading(console.databases.main) as session:
        accounts = explain(session, brand_id, order_id)
    return Answer(accounts, "\n\n".join(as_text(account) for account in accounts))


COMMANDS = (
    work_command,
    check_command,
    explain_command,
)
