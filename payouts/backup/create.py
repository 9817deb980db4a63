"""Create a backup. Entry point: it opens its own read transactions."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Text, column, select, table
from sqlalchemy.orm import Session

from config.database import Databases, read_session
from payouts.backup.archive import ArchiveWriter, new_archive
from payouts.backup.manifest import CLICK_SET, MAIN_SET, Manifest, Member, SetName, TableShape
from payouts.backup.row_encoding import encode_row
from payouts.backup.table_streams import chain_heads, current_shapes, paged_rows, rows_of

ProgressCallback = Callable[[str], None]
PROGRESS_EVERY_ROWS = 100_000


def make_backup(databases: Databases, now: datetime, path: Path, on_progress: ProgressCallback) -> Manifest:
    """Save all rows of both databases into a new file, while the installation is running.

    On PostgreSQL the file is one snapshot. On SQLite the main set is one snapshot, and the clicks are read
    after it in short transactions, so the file may contain newer clicks. That does no harm, because an
    attribution stores copies of the clicks that it considered.
    Raises Conflict when the file exists; on any error there is no file.
    """
    shapes = current_shapes()
    with new_archive(path) as archive:
        with read_session(databases.main) as session:
            schemas: dict[SetName, str] = {MAIN_SET: _revision(session, MAIN_SET)}
            heads = chain_heads(session)
            snapshot_shapes = (
                shapes if in_one_database(databases) else [s for s in shapes if s.set == MAIN_SET]
            )
            members = [
                _save(archive, shape, rows_of(session, shape), on_progress) for shape in snapshot_shapes
            ]
            if in_one_database(databases):
                schemas[CLICK_SET] = _revision(session, CLICK_SET)
        if not in_one_database(databases):
            with read_session(databases.clicks) as session:
                schemas[CLICK_SET] = _revision(session, CLICK_SET)
            click_shapes = [s for s in shapes if s.set == CLICK_SET]
            members += [_save(archive, s, paged_rows(databases.clicks, s), on_progress) for s in click_shapes]
        manifest = Manifest.of(now, schemas, heads, tuple(members))
        archive.finish(manifest)
    return manifest


def in_one_database(databases: Databases) -> bool:
    return databases.main.dialect.name == "postgresql"


def encoded_lines(shape: TableShape, rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    kinds = shape.kinds
    return (encode_row(kinds, row) for row in rows)


def with_progress(
    lines: Iterable[bytes], name: str, verb: str, on_progress: ProgressCallback
) -> Iterator[bytes]:
    """The same lines, with a progress message every PROGRESS_EVERY_ROWS lines and one at the end, if any."""
    count = 0
    for line in lines:
        yield line
        count += 1
        if count % PROGRESS_EVERY_ROWS == 0:
            on_progress(f"{name}: {count} rows {verb} so far")
    if count:
        on_progress(f"{name}: {count} rows {verb}")


def _save(
    archive: ArchiveWriter, shape: TableShape, rows: Iterable[Sequence[Any]], on_progress: ProgressCallback
) -> Member:
    return archive.add(shape, with_progress(encoded_lines(shape, rows), shape.name, "saved", on_progress))


def _revision(session: Session, name: SetName) -> str:
    """The schema revision in the same snapshot as the rows."""
    source = table(f"schema_{name}", column("version_num", Text()))
    return str(session.execute(select(source.c.version_num)).scalar_one())
