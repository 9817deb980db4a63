"""The commands that save everything into a file, and restore it."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import psycopg
from sqlalchemy import select

from config.database import Databases, open_databases, read_session, transact
from config.settings import Settings
from payouts.backup.acts import note_backup, note_restore
from payouts.backup.archive import Archive, open_archive
from payouts.backup.create import make_backup
from payouts.backup.manifest import Manifest
from payouts.backup.restore import Restored, restore, verify
from tracker.audit.actors import command_line
from tracker.clicks.recording.spool_drainer import drain_orphans
from tracker.console import CommandResult, Console, ConsoleCommand, pass_console
from tracker.errors import Fault, NotNow
from tracker.evidence_key import FILE as EVIDENCE_FILE
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import source_secrets
from tracker.signing import CannotDecrypt
from tracker.times import format_utc

FAULTS_FOUND_EXIT_CODE = Fault.exit_code

_FROZEN_AFTER_RESTORE = (
    "These books contain nothing that happened after {at}, so payouts are frozen until the books agree with "
    "the payment provider. Run linkledger payout reconcile, and adopt each transfer that is not in the books."
)
_WRONG_SECRET_KEY = (
    "The secrets of {count} sources cannot be read: this is not the key of the installation that was saved. "
    "Set its LINKLEDGER_SECRET_KEY, or restore its secret_key file."
)


@click.command("backup", cls=ConsoleCommand)
@click.argument("file", type=click.Path(path_type=Path))
@pass_console
def backup_command(console: Console, file: Path) -> CommandResult:
    """Save the whole installation into FILE while it is running.

    The file can be restored into SQLite or PostgreSQL. It contains personal data but no secret key: store the
    key in another place.
    """
    drained = _drain_spools(console.settings)
    manifest = make_backup(console.databases, console.now, file, console.say)
    rows, actor = sum(manifest.rows().values()), command_line("backup")
    transact(console.databases.main, lambda s: note_backup(s, console.now, rows, actor=actor))
    not_included = _not_included(console.settings)
    value = _summary(file, manifest) | {"bytes": file.stat().st_size, "not_in_it": not_included}
    lines = [
        *([f"First wrote {drained} clicks from spools into the database."] if drained else []),
        f"Saved {_rows(manifest)} to {file} ({file.stat().st_size} bytes).",
        *_heads(manifest),
        "Not included:",
        *(f"  {each}" for each in not_included),
        f"To check that it can be restored, run: linkledger restore {file} --verify",
    ]
    return CommandResult(value, "\n".join(lines))


@click.command("restore", cls=ConsoleCommand)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--verify", "only_verify", is_flag=True, help="Restore into a temporary database only.")
@pass_console
def restore_command(console: Console, file: Path, only_verify: bool) -> CommandResult:
    """Restore a backup into an empty database that no process uses.

    The whole file is checked before the first row is written. Then every restored row is compared with the
    file, and the books are checked. --verify does all of that in a temporary folder.
    """
    with open_archive(file) as archive:
        if only_verify:
            return _restore_result(file, verify(archive, console.say), ["This installation was not changed."])
        return _restore_target(console, file, archive)


def _drain_spools(settings: Settings) -> int:
    """Write spooled clicks into the database: they are acknowledged, but the backup has no spool files."""
    try:
        return drain_orphans(settings.spool_folder, settings.clicks_url)
    except (psycopg.Error, sqlite3.Error) as error:
        raise NotNow(
            f"There are clicks in {settings.spool_folder} that cannot be written into the database "
            f"({type(error).__name__}), so the backup would lack them; nothing was saved. "
            "Try again when the database accepts writes."
        ) from None


COMMANDS = (backup_command, restore_command)


def _restore_target(console: Console, file: Path, archive: Archive) -> CommandResult:
    databases = open_databases(console.settings)
    try:
        done = restore(databases, archive, console.say)
        made_at, actor = done.manifest.made_at, command_line("restore")
        transact(databases.main, lambda s: note_restore(s, console.now, made_at, actor=actor))
        unreadable = _sources_without_key(databases, console.settings.secret_keys)
    finally:
        databases.close()
    notes = [_FROZEN_AFTER_RESTORE.format(at=format_utc(done.manifest.made_at))]
    if unreadable:
        notes.insert(0, _WRONG_SECRET_KEY.format(count=len(unreadable)))
    return _restore_result(file, done, notes, restored=True, sources_without_key=unreadable)


def _restore_result(file: Path, done: Restored, notes: Sequence[str], **more: Any) -> CommandResult:
    manifest = done.manifest
    faults = [
        {"check": found.check, "subject": found.subject_id, "message": found.message}
        for found in done.findings
    ]
    verdict = (
        f"The self-check found {len(faults)} faults, which are in the backup; payouts are frozen:"
        if faults
        else "The self-check found no fault."
    )
    lines = [
        f"{file}, made at {format_utc(manifest.made_at)} by {manifest.made_by}, is complete.",
        f"Restored {_rows(manifest)}; every row equals the saved one.",
        *_heads(manifest),
        verdict,
        *(f"  {fault['message']}" for fault in faults),
        *notes,
    ]
    value = _summary(file, manifest) | {"restored": False, "faults": faults} | more
    return CommandResult(value, "\n".join(lines), FAULTS_FOUND_EXIT_CODE if faults else 0)


def _summary(file: Path, manifest: Manifest) -> dict[str, Any]:
    return {
        "file": str(file),
        "made_at": format_utc(manifest.made_at),
        "made_by": manifest.made_by,
        "schemas": dict(manifest.schemas),
        "rows": manifest.rows(),
        "heads": [head.model_dump() for head in manifest.heads],
    }


def _rows(manifest: Manifest) -> str:
    return f"{sum(manifest.rows().values())} rows of {len(manifest.members)} tables"


def _heads(manifest: Manifest) -> list[str]:
    return [
        f"The books of {head.brand_id} end at number {head.seq}, {head.head_hash}." for head in manifest.heads
    ]


def _not_included(settings: Settings) -> list[str]:
    key_file = settings.home / "secret_key"
    key = f"LINKLEDGER_SECRET_KEY (here: {key_file})" if key_file.exists() else "LINKLEDGER_SECRET_KEY"
    not_included = [f"{key}: store it in another place; without it the secrets of sources cannot be read."]
    if (evidence := settings.home / EVIDENCE_FILE).exists():
        not_included.append(
            f"{evidence}: signs what this installation has checked; a new home makes another one, and checks "
            "everything again."
        )
    if settings.rail == "sandbox":
        not_included.append(f"{settings.home / 'sandbox.db'}: the transfers recorded by the payment sandbox.")
    return not_included


def _sources_without_key(databases: Databases, keys: Sequence[str]) -> list[str]:
    """Ids of sources whose secrets cannot be decrypted with the current keys."""
    unreadable = []
    with read_session(databases.main) as session:
        for source in session.scalars(select(Source).order_by(Source.id)):
            try:
                source_secrets(source, keys)
            except CannotDecrypt:
                unreadable.append(source.id)
    return unreadable
