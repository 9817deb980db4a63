"""Insert every row of a backup into an empty database, in one transaction per database file."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import delete, inspect, literal, select, table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from config.database import Databases
from payouts.backup.archive import Archive
from payouts.backup.create import ProgressCallback, encoded_lines, in_one_database, with_progress
from payouts.backup.manifest import CLICK_SET, MAIN_SET, Manifest, Member, SetName
from payouts.backup.row_encoding import decode_row
from payouts.backup.table_streams import advance_sequences, chain_heads, insert_rows, rows_of
from payouts.commissions.models import BookingWork
from payouts.tables import CLICK_TABLES, MAIN_TABLES
from tracker.errors import Conflict, Fault, NotNow

LOCK_TIMEOUT = "5s"
WRITTEN_BY_TRIGGERS = (BookingWork.__tablename__,)
"""While the rows of other tables are inserted, triggers write rows here: those of the file replace them."""
_IN_USE = ("55P03", "database is locked")

Sessions = dict[SetName, Session]
Result = TypeVar("Result")


def fill(
    databases: Databases,
    archive: Archive,
    on_progress: ProgressCallback,
    *,
    before_commit: Callable[[Session], Result],
) -> Result:
    """Insert every row, read each table back, and commit only if it equals the file.

    `before_commit` is called in the same transaction as the rows of the main set; its result is returned.
    Raises Conflict when a table has rows, Fault when a row differs from the file, and the database's errors.
    On SQLite the clicks are committed just before the main set, after all checks.
    """
    with _write_transactions(databases) as sessions:
        for name, session in sessions.items():
            _require_empty(session, name, archive.manifest)
        for member in sorted(archive.manifest.members, key=_is_written_by_triggers):
            session = sessions[member.shape.set]
            if _is_written_by_triggers(member):
                session.execute(delete(table(member.shape.table)))
            insert_rows(session, member.shape, _rows(archive, member, on_progress))
            advance_sequences(session, member.shape)
        on_progress("comparing every row with the file")
        for member in archive.manifest.members:
            _require_same_rows(sessions[member.shape.set], member)
        _require_heads(sessions[MAIN_SET], archive.manifest)
        return before_commit(sessions[MAIN_SET])


@contextmanager
def translate_database_errors() -> Iterator[None]:
    """Translate database errors: NotNow when another process uses the database, otherwise Fault."""
    try:
        yield
    except DBAPIError as error:
        raise _domain_error(error) from None


@contextmanager
def _write_transactions(databases: Databases) -> Iterator[Sessions]:
    """One transaction on PostgreSQL; one per file on SQLite, where that of the books is committed last."""
    with Session(databases.main) as main, main.begin():
        if in_one_database(databases):
            yield {MAIN_SET: main, CLICK_SET: main}
            return
        with Session(databases.clicks) as clicks, clicks.begin():
            yield {MAIN_SET: main, CLICK_SET: clicks}


def _require_empty(session: Session, name: SetName, manifest: Manifest) -> None:
    """Raises Conflict when a table of the set has rows.

    Until the transaction ends, no other process can write to these tables: PostgreSQL locks them here, and on
    SQLite the transaction has the write lock of the file from its beginning.
    """
    models = MAIN_TABLES if name == MAIN_SET else CLICK_TABLES
    known = {*models.tables, *(m.shape.table for m in manifest.members if m.shape.set == name)}
    there = sorted(known & set(inspect(session.connection()).get_table_names()))
    dialect = session.get_bind().dialect
    if dialect.name == "postgresql":
        quoted = ", ".join(dialect.identifier_preparer.quote(each) for each in there)
        session.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT}'"))
        session.execute(text(f"lock table {quoted} in exclusive mode"))
    filled = [
        each
        for each in there
        if session.execute(select(literal(1)).select_from(table(each)).limit(1)).first() is not None
    ]
    if filled:
        raise Conflict(
            f"The target is not empty: there are rows in {', '.join(filled)}. Nothing was written. Restore "
            "into a new LINKLEDGER_HOME or a new PostgreSQL database, before any process uses it."
        )


def _is_written_by_triggers(member: Member) -> bool:
    return member.shape.table in WRITTEN_BY_TRIGGERS


def _rows(archive: Archive, member: Member, on_progress: ProgressCallback) -> Iterator[Sequence[Any]]:
    kinds = member.shape.kinds
    lines = with_progress(archive.lines(member), member.shape.name, "read", on_progress)
    for number, line in enumerate(lines, start=1):
        try:
            yield decode_row(kinds, line)
        except ValueError:
            raise Fault(
                f"{member.name}, line {number}, is not a row of that table; no row was restored."
            ) from None


def _require_same_rows(session: Session, member: Member) -> None:
    digest, count = hashlib.sha256(), 0
    for line in encoded_lines(member.shape, rows_of(session, member.shape)):
        digest.update(line)
        count += 1
    if (count, digest.hexdigest()) != (member.rows, member.sha256):
        raise Fault(f"{member.shape.name} differs from the file after the restore; no row was restored.")


def _require_heads(session: Session, manifest: Manifest) -> None:
    if chain_heads(session) != manifest.heads:
        raise Fault("The books do not end where the backup says; no row was restored.")


def _domain_error(error: DBAPIError) -> Fault | NotNow:
    """Only the first line of the driver's message is shown: it names the rule, later lines contain values."""
    first_line = str(error.orig).splitlines()[0]
    if getattr(error.orig, "sqlstate", None) in _IN_USE or first_line in _IN_USE:
        return NotNow("The target is in use; stop Linkledger there and try again. Nothing was written.")
    return Fault(f"The database refuses a row of the backup: {first_line}. Start again with an empty target.")
