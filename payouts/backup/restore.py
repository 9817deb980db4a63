"""Restore a backup into an empty database. Entry point: it opens the transactions. It deletes nothing."""

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import delete, inspect
from sqlalchemy.orm import Session

from config.database import Databases, make_engine, read_session, transact
from config.migrate import migrate_up, upgrade
from config.schema import SchemaState, schema_states
from payouts.backup.archive import Archive
from payouts.backup.create import ProgressCallback
from payouts.backup.fill import fill, translate_database_errors
from payouts.backup.manifest import Manifest, SetName
from payouts.backup.table_streams import current_shapes
from payouts.ledger.checks import Finding
from payouts.selfcheck.checks import self_check
from payouts.selfcheck.models import AuditMark, Mark
from payouts.settlement.freezes import place_freeze
from payouts.settlement.models import Freeze
from payouts.settlement.reasons import FreezeReason
from tracker.clicks.counting.due_days import forget_days
from tracker.errors import Conflict, Fault, Invalid
from tracker.mail.models import MailMessage
from tracker.mail.restored import end_unsent
from tracker.people.sessions.models import UserSession
from tracker.people.sessions.operations import end_sessions_of_everybody
from tracker.people.sign_in.requests import use_up_all_requests
from tracker.reasons import Reason


@dataclass(frozen=True)
class Restored:
    """The manifest of the restored backup, and the findings of the self-check after it."""

    manifest: Manifest
    findings: list[Finding]


def verify(archive: Archive, on_progress: ProgressCallback) -> Restored:
    """Restore into a temporary SQLite database; nothing else is changed. Raises the errors of `restore`."""
    archive.verify_members()
    with translate_database_errors():
        return _restore_into_temporary(archive, on_progress)


def restore(databases: Databases, archive: Archive, on_progress: ProgressCallback) -> Restored:
    """Insert the rows of the backup into an empty database, upgrade its schema, and check the books.

    The transaction that stores the rows also freezes payouts, so restored books are always frozen.
    The self-check runs as of the time of the backup, because the time that has passed since is no fault. Its
    findings are reported and do not stop the restore: they were in the backup.
    Raises Invalid for a backup of a newer version, Conflict for a target that is not empty or has another
    schema, NotNow when another process writes to the target, Fault when the file is damaged or a restored row
    differs from it. After an error no row is stored.
    """
    with translate_database_errors():
        return _restore(databases, archive, on_progress)


def _restore(databases: Databases, archive: Archive, on_progress: ProgressCallback) -> Restored:
    states = _target_schemas(databases, archive.manifest)
    on_progress("checking the whole file first")
    archive.verify_members()
    if any(_backup_revision(archive.manifest, state) != state.head for state in states):
        # The rows are committed before the later migrations run: check first that these succeed.
        on_progress("the backup has an older schema: restoring it into a temporary database first")
        _restore_into_temporary(archive, on_progress)
    return _restore_rows(databases, archive, on_progress)


def _restore_into_temporary(archive: Archive, on_progress: ProgressCallback) -> Restored:
    with tempfile.TemporaryDirectory(prefix="linkledger-verify-") as folder:
        home = Path(folder)
        databases = Databases(
            main=make_engine(f"sqlite:///{home / 'linkledger.db'}"),
            clicks=make_engine(f"sqlite:///{home / 'clicks.db'}"),
        )
        try:
            return _restore_rows(databases, archive, on_progress)
        finally:
            databases.close()


def _restore_rows(databases: Databases, archive: Archive, on_progress: ProgressCallback) -> Restored:
    manifest = archive.manifest
    states = _target_schemas(databases, manifest)
    if all(_backup_revision(manifest, state) == state.head for state in states):
        _require_all_tables(manifest)
    for engine, state in zip((databases.main, databases.clicks), states, strict=True):
        if state.current is None:
            migrate_up(engine, state.name, _backup_revision(manifest, state))
    freeze_id = fill(databases, archive, on_progress, before_commit=partial(_distrust, manifest=manifest))
    upgrade(databases)
    transact(databases.clicks, forget_days)
    if freeze_id is None:
        freeze_id = transact(databases.main, partial(_freeze, manifest=manifest))
    on_progress("checking the books")
    with read_session(databases.main) as session:
        findings = [each for each in self_check(session, manifest.made_at) if each.subject_id != freeze_id]
    return Restored(manifest, findings)


def _distrust(session: Session, manifest: Manifest) -> str | None:
    """Freeze payouts, send no old message, and forget marks of the self-check: a file can be changed.

    Nobody stays signed in: the backup brings back sessions that have ended since, and codes that were used.
    Returns the freeze's id as `_freeze` does.
    """
    schema = inspect(session.connection())
    if schema.has_table(UserSession.__tablename__):
        end_sessions_of_everybody(session, manifest.made_at)
        use_up_all_requests(session, manifest.made_at)
    for marks in (Mark, AuditMark):
        if schema.has_table(marks.__tablename__):
            session.execute(delete(marks))
    if schema.has_table(MailMessage.__tablename__):
        end_unsent(session, manifest.made_at)
    return _freeze(session, manifest)


def _freeze(session: Session, manifest: Manifest) -> str | None:
    """Freeze payouts. Returns the freeze's id; None when the schema of the backup has no table of freezes."""
    schema = inspect(session.connection())
    if not schema.has_table(Freeze.__tablename__):
        return None
    return place_freeze(
        session,
        manifest.made_at,
        reason=Reason(FreezeReason.RESTORED),
        compare_from=manifest.made_at,
        columns={each["name"] for each in schema.get_columns(Freeze.__tablename__)},
    )


def _target_schemas(databases: Databases, manifest: Manifest) -> list[SchemaState]:
    """The schema states of the target's two sets. Raises Invalid and Conflict as described at `restore`."""
    states = schema_states(databases)
    for state in states:
        backup_revision = _backup_revision(manifest, state)
        if backup_revision not in state.revisions:
            raise Invalid(
                f"The backup was made by {manifest.made_by} with schema {backup_revision} of the "
                f"{state.name} tables, which this version does not know (its own is {state.head}). Restore "
                "it with that version or a newer one."
            )
        if state.current not in (None, backup_revision):
            raise Conflict(
                f"The {state.name} tables of the target are at schema {state.current}, those of the backup "
                f"at {backup_revision}. Restore into a database that has no tables yet (a new "
                "LINKLEDGER_HOME or a new PostgreSQL database), and do not run linkledger migrate before: "
                "the restore creates the tables and upgrades them."
            )
    return states


def _backup_revision(manifest: Manifest, state: SchemaState) -> str:
    name: SetName = "main" if state.name == "main" else "clicks"
    return manifest.schemas[name]


def _require_all_tables(manifest: Manifest) -> None:
    saved = {(m.shape.name, frozenset(m.shape.columns), m.shape.key) for m in manifest.members}
    present = {(shape.name, frozenset(shape.columns), shape.key) for shape in current_shapes()}
    if saved != present:
        names = ", ".join(sorted({name for name, _columns, _key in saved ^ present}))
        raise Fault(f"The backup does not contain the tables of its schema ({names}). Nothing was written.")
