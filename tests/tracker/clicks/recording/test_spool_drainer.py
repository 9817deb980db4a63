"""The spools of ended processes are drained even where no process serves."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from config.database import Databases
from config.settings import Settings
from tests.tracker.clicks.traffic import make_click, stored_ids
from tracker.clicks.recording.spool import create_spool
from tracker.clicks.recording.spool_drainer import drain_orphans
from tracker.clicks.recording.writers import NewClick

SPOOL_BYTES = 1024 * 1024


def write_orphan(folder: Path, *clicks: NewClick) -> None:
    """A spool as an ended process leaves it: not locked."""
    spool = create_spool(folder, SPOOL_BYTES)
    spool.append(clicks)
    spool.close()


def drain(settings: Settings) -> int:
    return drain_orphans(settings.spool_folder, settings.clicks_url)


def test_all_orphaned_spools_are_drained_once(settings: Settings, databases: Databases) -> None:
    clicks = [make_click() for _ in range(2500)]
    write_orphan(settings.spool_folder, *clicks[:1200])
    write_orphan(settings.spool_folder, *clicks[1100:])
    assert drain(settings) == 2600
    assert sorted(stored_ids(databases)) == sorted(click.id for click in clicks)
    assert drain(settings) == 0
    assert list(settings.spool_folder.iterdir()) == []


def test_a_spool_in_use_is_not_drained(settings: Settings, databases: Databases) -> None:
    owned = create_spool(settings.spool_folder, SPOOL_BYTES)
    owned.append([make_click()])
    assert drain(settings) == 0
    assert stored_ids(databases) == []
    owned.close()
    assert drain(settings) == 1


def test_without_a_spool_there_is_nothing_to_do(settings: Settings) -> None:
    assert drain(settings) == 0


def test_a_rejected_click_does_not_block_the_others(settings: Settings, databases: Databases) -> None:
    bad = make_click()._replace(verdict="unknown")
    good = [make_click() for _ in range(4)]
    write_orphan(settings.spool_folder, *good[:2], bad, *good[2:])
    assert drain(settings) == 4
    assert sorted(stored_ids(databases)) == sorted(click.id for click in good)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_failing_database_leaves_the_spool_unchanged(settings: Settings, databases: Databases) -> None:
    write_orphan(settings.spool_folder, make_click())
    with databases.clicks.begin() as connection:
        connection.execute(text("ALTER TABLE click RENAME TO elsewhere"))
    with pytest.raises(sqlite3.OperationalError):
        drain(settings)
    with databases.clicks.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO click"))
    assert drain(settings) == 1
