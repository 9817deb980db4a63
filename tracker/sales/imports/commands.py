"""The command `linkledger sale import` (added to its group in tracker/sales/commands.py)."""

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy.orm import Session

from config.database import read_session, transact
from tracker.audit.actors import command_line
from tracker.console import CHECK_FOUND_FAULT, FAILED, CommandResult, Console, ConsoleCommand, pass_console
from tracker.errors import Invalid
from tracker.people.accounts.rules import validate_timezone
from tracker.sales.imports.columns import SINGULAR_BY_PLURAL, ReadOptions
from tracker.sales.imports.outcomes import Outcome
from tracker.sales.imports.rejects import RejectsFile
from tracker.sales.imports.run import Import, dry_run_lines, import_lines
from tracker.sales.imports.sources import (
    dry_run_source,
    find_csv_source,
    get_csv_source,
    get_or_create_source,
    note_import,
)
from tracker.sales.imports.table import RejectedLine, Table, open_table, require_utf8
from tracker.sales.sources.models import Source

ACTOR = command_line("sale import")
MAX_REMARKS = 1000
"""Lines named in the output; the file of rejected lines contains all."""


@click.command("import", cls=ConsoleCommand)
@click.option("--source", "source_id", metavar="ID", help="A source of the kind csv.")
@click.option(
    "--brand",
    "brand_id",
    metavar="ID",
    help="Use the csv source of this brand; it is created if there is none.",
)
@click.option(
    "--kind",
    type=click.Choice(tuple(SINGULAR_BY_PLURAL)),
    default="sales",
    show_default=True,
    help="The type of lines whose column `type` is missing or empty.",
)
@click.option("--timezone", "zone", metavar="ZONE", help="Zone of times without one, such as Europe/Berlin.")
@click.option("--decimal-comma", is_flag=True, help="Amounts have a decimal comma, such as 119,00.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Write rejected lines to this new file.")
@click.option("--dry-run", is_flag=True, help="Show what would be booked, and book nothing.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_console
def import_sales(
    console: Console,
    source_id: str | None,
    brand_id: str | None,
    kind: str,
    zone: str | None,
    decimal_comma: bool,
    rejects: Path | None,
    dry_run: bool,
    file: Path,
) -> CommandResult:
    """Book sales, refunds, cancellations and disputes from a CSV FILE. Each line is booked only once.

    Exit code 1 when lines are rejected or in conflict (3 in a dry run); all other lines are booked.
    """
    options = ReadOptions(
        SINGULAR_BY_PLURAL[kind], ZoneInfo(validate_timezone(zone)) if zone else None, decimal_comma
    )
    with file.open("rb") as opened:
        if not opened.seekable():
            raise Invalid(f"{file} can be read only once; save it as a file first.")
        require_utf8(opened)
        opened.seek(0)
        table = open_table(opened, options.kind)
        source = _source(console, source_id, brand_id, dry_run)
        keys = console.settings.secret_keys
        if not dry_run:
            _note_import(console, source, file)
        run = Import(console.job_databases.main, source, keys, lambda: datetime.now(UTC))
        with RejectsFile(rejects, table.header) as rejects_file:
            value = _run_import(run, table, options, rejects_file, dry_run)
    unknown = list(table.header.unknown)
    if unknown:
        console.say(f"Unknown columns, which are not stored: {', '.join(unknown)}")
    value = {"file": str(file), "dry_run": dry_run, "source": source.id, **value, "unknown_columns": unknown}
    value["rejects"] = str(rejects) if rejects and value["rejected"] else None
    found = value["rejected"] or value["conflict"]
    code = (CHECK_FOUND_FAULT if dry_run else FAILED) if found else 0
    return CommandResult(value, _summary(value), code)


def _source(console: Console, source_id: str | None, brand_id: str | None, dry_run: bool) -> Source:
    if (source_id is None) == (brand_id is None):
        raise Invalid("Give either --brand ID, or --source ID of a source of kind csv.")
    main, now = console.databases.main, console.now
    if source_id is not None:
        with read_session(main) as session:
            return get_csv_source(session, source_id)
    brand = str(brand_id)
    if dry_run:
        with read_session(main) as session:
            return find_csv_source(session, brand) or dry_run_source(session, now, brand)

    def work(session: Session) -> Source:
        return get_or_create_source(session, now, brand, console.settings.secret_keys, actor=ACTOR)

    return transact(main, work)


def _note_import(console: Console, source: Source, file: Path) -> None:
    work = partial(note_import, now=console.now, source=source, file_name=file.name, actor=ACTOR)
    transact(console.databases.main, work)


def _run_import(
    run: Import, table: Table, options: ReadOptions, rejects_file: RejectsFile, dry_run: bool
) -> dict[str, Any]:
    remarks: list[dict[str, Any]] = []
    size, reached = Path(table.file.name).stat().st_size, 0
    with _progress(size) as bar:

        def on_outcome(outcome: Outcome, rejected: RejectedLine | None) -> None:
            nonlocal reached
            if rejected is not None:
                rejects_file.add(rejected)
            if outcome.state in ("rejected", "conflict") and len(remarks) < MAX_REMARKS:
                remarks.append(_remark(outcome))
            position = table.file.tell()
            bar.update(position - reached)
            reached = position

        step = dry_run_lines if dry_run else import_lines
        tally = step(run, table.lines(options, run.clock()), on_outcome)
    return {**tally.counts, "remarks": remarks}


def _remark(outcome: Outcome) -> dict[str, Any]:
    return {
        "line": outcome.number,
        "state": outcome.state,
        "reason": outcome.reason,
        "event": outcome.event_id,
    }


def _progress(size: int) -> Any:
    """A progress bar over the bytes of the file, shown only on a terminal."""
    hidden = not sys.stderr.isatty()
    return click.progressbar(
        length=size, label="Importing", file=sys.stderr, hidden=hidden, update_min_steps=1 << 16
    )


def _summary(value: dict[str, Any]) -> str:
    would = "would be " if value["dry_run"] else ""
    lines = [f"line {each['line']}: {each['reason']}" for each in value["remarks"]]
    more = value["rejected"] + value["conflict"] - len(lines)
    if more:
        lines.append(f"… and {more} more lines.")
    lines.append(
        f"{value['lines']} lines: {value['new']} {would}booked, {value['known']} already known, "
        f"{value['waiting']} {would}stored until their order is reported, {value['conflict']} in conflict, "
        f"{value['rejected']} rejected."
    )
    if value["rejects"]:
        lines.append(f"Correct the lines in {value['rejects']}, then import that file.")
    if value["conflict"] and not value["dry_run"]:
        events = f"linkledger source events --source {value['source']} --state parked"
        lines.append(f"The commission of an order in conflict is held until you decide: {events}")
    return "\n".join(lines)
