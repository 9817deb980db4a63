"""Restoring a backup into an empty database. A door: it opens the transactions. Nothing is ever deleted."""

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from config.database import Databases, make_engine, read_session, transact
from config.migrate import migrate_up, upgrade
from config.schema import SchemaState, schema_states
from payouts.backup.archive import Archive
from payouts.backup.filling import fill, plain_refusals
from payouts.backup.making import Say
from payouts.backup.manifest import Manifest, SetName
from payouts.backup.rows import present_shapes
from payouts.ledger.checks import Finding
from payouts.selfcheck.checks import self_check
from payouts.settlement.freezes import place_freeze
from payouts.settlement.models import Freeze
from tracker.errors import Conflict, Fault, Invalid


@dataclass(frozen=True)
class Restored:
    """What stands in the database now, and what the self-check says of it."""

    manifest: Manifest
    findings: list[Finding]


def verify(archive: Archive, say: Say) -> Restored:
    """Restore into a throwaway SQLite database, and touch nothing else. Raises as `restore`."""
    archive.require_whole()
    with plain_refusals():
        return _rehearse(archive, say)


def restore(databases: Databases, archive: Archive, say: Say) -> Restored:
    """Fill an empty database with what the file holds, bring it to this version's schema, check the books.

    Payouts are frozen by the same transaction that keeps the rows, so that they are at no moment without it.
    The self-check asks what was wrong when the backup was made: time that passed since then is no fault.
    What it finds is reported and stays, because it came with the file.
    Raises Invalid for a backup of a newer version, Conflict for a target that is not empty or has another
    schema, NotNow for one that somebody else writes to, Fault for a file that is not whole or a row that
    does not arrive as it was. Then no row is kept.
    """
    with plain_refusals():
        return _restore(databases, archive, say)


def _restore(databases: Databases, archive: Archive, say: Say) -> Restored:
    states = _targets(databases, archive.manifest)
    say("reading the whole file first")
    archive.require_whole()
    if any(_wanted(archive.manifest, state) != state.head for state in states):
        # Its rows are committed before the later steps of the schema run: see first that these succeed.
        say("the backup has an older schema: trying it out in a temporary database first")
        _rehearse(archive, say)
    return _carry_out(databases, archive, say)


def _rehearse(archive: Archive, say: Say) -> Restored:
    with tempfile.TemporaryDirectory(prefix="linkledger-verify-") as folder:
        home = Path(folder)
        databases = Databases(
            main=make_engine(f"sqlite:///{home / 'linkledger.db'}"),
            clicks=make_engine(f"sqlite:///{home / 'clicks.db'}"),
        )
        try:
            return _carry_out(databases, archive, say)
        finally:
            databases.close()


def _carry_out(databases: Databases, archive: Archive, say: Say) -> Restored:
    manifest = archive.manifest
    states = _targets(databases, manifest)
    if all(_wanted(manifest, state) == state.head for state in states):
        _require_every_table(manifest)
    for engine, state in zip((databases.main, databases.clicks), states, strict=True):
        if state.current is None:
            migrate_up(engine, state.name, _wanted(manifest, state))
    freeze_id = fill(databases, archive, say, at_last=partial(_freeze, manifest=manifest))
    upgrade(databases)
    if freeze_id is None:
        freeze_id = transact(databases.main, partial(_freeze, manifest=manifest))
    say("checking the books")
    with read_session(databases.main) as session:
        findings = [each for each in self_check(session, manifest.made_at) if each.subject_id != freeze_id]
    return Restored(manifest, findings)


def _freeze(session: Session, manifest: Manifest) -> str | None:
    """The id of the freeze that restored books are under; None while their schema has no place for one."""
    if not inspect(session.connection()).has_table(Freeze.__tablename__):
        return None
    return place_freeze(
        session,
        manifest.made_at,
        reason="restored from a backup: the payment provider may have paid more than these books know",
        compare_from=manifest.made_at,
    )


def _targets(databases: Databases, manifest: Manifest) -> list[SchemaState]:
    """Where the two sets of the target stand. Raises Invalid and Conflict as `restore` says."""
    states = schema_states(databases)
    for state in states:
        wanted = _wanted(manifest, state)
        if wanted not in state.revisions:
            raise Invalid(
                f"The backup was made by {manifest.made_by} with schema {wanted} of the {state.name} tables, "
                f"which this version does not know (its own is {state.head}). Restore it with that version "
                "or a newer one."
            )
        if state.current not in (None, wanted):
            raise Conflict(
                f"The {state.name} tables of the target are at schema {state.current}, those of the backup "
                f"at {wanted}. Restore into a database that has no tables yet (a new LINKLEDGER_HOME, or a "
                "new PostgreSQL database), without linkledger migrate: its tables are brought up afterwards."
            )
    return states


def _wanted(manifest: Manifest, state: SchemaState) -> str:
    name: SetName = "main" if state.name == "main" else "clicks"
    return manifest.schemas[name]


def _require_every_table(manifest: Manifest) -> None:
    saved = {(m.shape.name, frozenset(m.shape.columns), m.shape.key) for m in manifest.members}
    present = {(shape.name, frozenset(shape.columns), shape.key) for shape in present_shapes()}
    if saved != present:
        names = ", ".join(sorted({name for name, _columns, _key in saved ^ present}))
        raise Fault(f"The backup does not hold the tables of its schema ({names}). Nothing was written.")
