"""Commands about the audit: who did what, and whether the record of it is whole."""

from functools import partial
from typing import Any

import click

from config.database import read_session
from payouts.selfcheck.audit_marks import check_audit
from tracker.audit.actions import action_text
from tracker.audit.queries import PAGE_ROWS, AuditFilter, ShownEntry, list_entries
from tracker.console import CHECK_FOUND_FAULT, CommandResult, Console, ConsoleGroup, pass_console
from tracker.evidence_key import load_evidence_key
from tracker.people.accounts.operations import get_brand
from tracker.times import format_utc, parse_utc

MAX_LINES = 10_000


@click.group("audit", cls=ConsoleGroup)
def audit_commands() -> None:
    """The audit: who did what, when, and what it changed."""


@audit_commands.command("list")
@click.option("--brand", "brand_id", metavar="ID", help="What concerns this brand only.")
@click.option("--since", metavar="TIME", help="What was done at this time or later.")
@click.option("--actor", metavar="WHO", help="The id of a user or key, the name of a job, or cli.")
@click.option("--limit", type=click.IntRange(1, MAX_LINES), default=PAGE_ROWS, show_default=True)
@click.option("--after", metavar="ENTRY", help="Go on after the last entry of an earlier list.")
@pass_console
def list_command(
    console: Console,
    brand_id: str | None,
    since: str | None,
    actor: str | None,
    limit: int,
    after: str | None,
) -> CommandResult:
    """Show who did what, newest first, and what it was before."""
    with read_session(console.databases.main) as session:
        if brand_id is not None:
            get_brand(session, brand_id)
        wanted = AuditFilter(brand_id, None if since is None else parse_utc(since), actor)
        page = list_entries(session, wanted, after=after, limit=limit)
        value = [entry_json(each) for each in page.entries]
    lines = [_text(each) for each in value]
    if page.following is not None:
        lines.append(f"To go on, add: --after {page.following}")
    return CommandResult(value, "\n".join(lines) or "Nothing was recorded.")


@audit_commands.command("verify")
@pass_console
def verify_command(console: Console) -> CommandResult:
    """Check every entry, from the first one on. Exit code 3 when one was changed, removed or moved."""
    key, reads = load_evidence_key(console.settings.home), partial(read_session, console.databases.main)
    found, _marks = check_audit(reads, key, console.now, full=True)
    faults = [{"chain": each.subject_id, "message": each.message} for each in found]
    text = "\n".join(each.message for each in found) or "The audit is whole."
    return CommandResult({"ok": not faults, "faults": faults}, text, CHECK_FOUND_FAULT if faults else 0)


def entry_json(shown: ShownEntry) -> dict[str, Any]:
    """An entry as JSON. `personal` is null where there was nothing, or where it was erased."""
    entry = shown.entry
    return {
        "id": entry.id,
        "at": format_utc(entry.at),
        "actor": {
            "kind": entry.actor_kind,
            "id": entry.actor_id,
            "entry_point": entry.entry_point,
            "browser_family": entry.browser_family,
            "country": entry.country,
        },
        "action": entry.action,
        "action_text": action_text(entry.action),
        "brand": entry.brand_id,
        "subject": {"kind": entry.subject_kind, "id": entry.subject_id},
        "before": entry.before,
        "after": entry.after,
        "personal": shown.personal,
        "personal_erased": shown.was_erased,
        "number": entry.number,
        "hash": entry.hash,
    }


def _text(each: dict[str, Any]) -> str:
    actor, subject = each["actor"], each["subject"]
    who = " ".join(filter(None, (actor["kind"], actor["id"], f"({actor['entry_point']})")))
    lines = [f"{each['at']}  {each['action_text']}: {subject['kind']} {subject['id']}, by {who}"]
    before, after = each["before"] or {}, each["after"] or {}
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            former = f"{before[name]} -> " if name in before else ""
            lines.append(f"    {name}: {former}{after.get(name, 'removed')}")
    if each["personal_erased"]:
        lines.append("    Personal data was erased.")
    lines += [f"    {name}: {words}" for name, words in (each["personal"] or {}).items()]
    return "\n".join(lines)


COMMANDS = (audit_commands,)
