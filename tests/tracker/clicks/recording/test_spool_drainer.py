"""What dead processes left comes into the database where nobody serves, too."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from config.database import Databases
from config.settings import Settings
from tests.tracker.clicks.traffic import a_click, kept_ids
from tracker.clicks.recording.spool import make_spool
from tracker.clicks.recording.spool_drainer import drain_orphans
from tracker.clicks.recording.writers import NewClick

ROOM_BYTES = 1024 * 1024


def leave(folder: Path, *clicks: NewClick) -> None:
    """As a process that is gone: nobody holds the lock any more."""
    spool = make_spool(folder, ROOM_BYTES)
    spool.append(clicks)
    spool.close()


def drain(settings: Settings) -> int:
    return drain_orphans(settings.spool_folder, settings.clicks_url)


def test_all_spools_without_an_owner_are_drained_once(settings: Settings, databases: Databases) -> None:
    clicks = [a_click() for _ in range(2500)]
    leave(settings.spool_folder, *clicks[:1200])
    leave(settings.spool_folder, *clicks[1100:])
    assert drain(settings) == 2600
    assert sorted(kept_ids(databases)) == sorted(click.id for click in clicks)
    assert drain(settings) == 0
    assert list(settings.spool_folder.iterdir()) == []


def test_a_spool_that_a_process_works_with_is_left_alone(settings: Settings, databases: Databases) -> None:
    owned = make_spool(settings.spool_folder, ROOM_BYTES)
    owned.append([a_click()])
    assert drain(settings) == 0
    assert kept_ids(databases) == []
    owned.close()
    assert drain(settings) == 1


def test_without_a_spool_there_is_nothing_to_do(settings: Settings) -> None:
    assert drain(settings) == 0


def test_a_click_that_the_table_refuses_keeps_no_other_out(settings: Settings, databases: Databases) -> None:
    bad = a_click()._replace(verdict="unheard of")
    good = [a_click() for _ in range(4)]
    leave(settings.spool_folder, *good[:2], bad, *good[2:])
    assert drain(settings) == 4
    assert sorted(kept_ids(databases)) == sorted(click.id for click in good)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_database_that_fails_leaves_the_file_as_it_was(settings: Settings, databases: Databases) -> None:
    leave(settings.spool_folder, a_click())
    with databases.clicks.begin() as connection:
        connection.execute(text("ALTER TABLE click RENAME TO elsewhere"))
    with pytest.raises(sqlite3.OperationalError):
        drain(settings)
    with databases.clicks.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO click"))
    assert drain(settings) == 1
