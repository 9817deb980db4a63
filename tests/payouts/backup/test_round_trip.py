"""A backup contains everything and restores it exactly, from either kind of database into either."""

import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.backup.archive import open_archive
from payouts.backup.create import make_backup
from payouts.backup.manifest import Manifest
from payouts.backup.restore import restore, verify
from payouts.backup.table_streams import current_shapes, paged_rows, rows_of
from payouts.ledger.models import Chain
from payouts.selfcheck.checks import self_check
from payouts.tables import CLICK_TABLES, MAIN_TABLES
from tests.cast.shop import Shop, sale
from tests.payouts.backup.content import (
    WITHOUT_FREEZE,
    books,
    contents,
    count_clicks,
    new_click,
    pay_bonus,
    record_clicks,
)
from tracker.clicks.recording.recorder import Recorder
from tracker.sales.inbox.group_commit import GroupCommit
from tracker.sales.sources.operations import get_source, source_secrets


def ignore_progress(_line: str) -> None:
    pass


def test_every_row_is_restored_unchanged(
    databases: Databases, target: Databases, shop: Shop, backup: Path
) -> None:
    with open_archive(backup) as archive:
        done = restore(target, archive, ignore_progress)
    saved = contents(databases)
    assert contents(target) | WITHOUT_FREEZE == saved
    assert {name.split("/")[1]: count for name, count in done.manifest.rows().items()} == {
        name: len(rows) for name, rows in saved.items()
    }
    assert len(saved["click"]) == 3
    assert len(saved["event"]) == 2
    assert books(target, shop.brand_id) == books(databases, shop.brand_id)
    assert done.findings == []


def test_restored_installation_keeps_working(
    settings: Settings, target_settings: Settings, ready: Databases, shop: Shop, backup: Path, now: datetime
) -> None:
    with open_archive(backup) as archive:
        restore(ready, archive, ignore_progress)
    pay_bonus(ready, shop.brand_id, number=7)
    record_clicks(target_settings, shop, count=1)
    restored = replace(shop, databases=ready, intake=GroupCommit(ready.main, shop.keys))
    assert restored.send("sale.created", sale(order_id="1002")).state == "applied"
    with read_session(ready.main) as session:
        assert [finding.check for finding in self_check(session, now)] == ["freeze"]
        assert source_secrets(get_source(session, shop.source_id), settings.secret_keys) == [shop.secret]


def test_the_backup_of_a_restored_database_has_the_same_members(
    ready: Databases, backup: Path, now: datetime
) -> None:
    with open_archive(backup) as archive:
        restore(ready, archive, ignore_progress)
    again = make_backup(ready, now, backup.with_name("again.zip"), ignore_progress)
    with open_archive(backup) as archive:
        resaved = [each for each in again.members if each.shape.name != "main/payout_freeze"]
        saved = archive.manifest.members
        assert resaved == [each for each in saved if each.shape.name != "main/payout_freeze"]


def test_backup_is_one_consistent_snapshot_of_the_books(
    databases: Databases, ready: Databases, shop: Shop, now: datetime, tmp_path: Path
) -> None:
    numbers = iter(range(100, 200))
    before = books(databases, shop.brand_id)

    def meanwhile(_line: str) -> None:
        pay_bonus(databases, shop.brand_id, next(numbers))

    manifest = make_backup(databases, now, tmp_path / "busy.zip", meanwhile)
    assert next(numbers) > 105
    assert books(databases, shop.brand_id) != before
    assert manifest.heads == before[0]
    with open_archive(tmp_path / "busy.zip") as archive:
        assert restore(ready, archive, ignore_progress).findings == []
    assert books(ready, shop.brand_id) == before


def test_clicks_recorded_during_the_backup_are_harmless(
    settings: Settings, databases: Databases, shop: Shop, now: datetime, tmp_path: Path
) -> None:
    recorder = Recorder(settings.clicks_url)
    numbers = iter(range(100, 200))

    def meanwhile(_line: str) -> None:
        assert recorder.record(new_click(shop, next(numbers)), deadline_s=10)

    manifest = make_backup(databases, now, tmp_path / "busy.zip", meanwhile)
    recorder.close()
    assert 3 <= manifest.rows()["clicks/click"] <= count_clicks(databases)
    with open_archive(tmp_path / "busy.zip") as archive:
        assert verify(archive, ignore_progress).findings == []


def test_click_pages_are_complete_and_keep_no_transaction_open(
    settings: Settings, databases: Databases, shop: Shop
) -> None:
    record_clicks(settings, shop, count=7)
    shape = next(each for each in current_shapes() if each.table == "click")
    with read_session(databases.clicks) as session:
        before = list(rows_of(session, shape))
    pages = paged_rows(databases.clicks, shape, page_rows=2)
    found = [next(pages)]
    record_clicks(settings, shop, count=1)
    if databases.clicks.dialect.name == "sqlite":
        assert not wal_is_locked(databases)
    found += list(pages)
    assert len(before) == 10
    assert set(before) <= set(found)
    assert found == sorted(set(found), key=lambda row: row[0])


def wal_is_locked(databases: Databases) -> bool:
    """Whether an open transaction prevents SQLite from truncating the write-ahead log of clicks.db."""
    with databases.clicks.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
        busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
        connection.exec_driver_sql("BEGIN")
        connection.invalidate()
    return bool(busy)


def test_the_backup_contains_every_table(backup: Path) -> None:
    with open_archive(backup) as archive:
        names = {member.shape.table for member in archive.manifest.members}
    assert names == {*MAIN_TABLES.tables, *CLICK_TABLES.tables}


def test_backup_contains_no_key_and_is_private(settings: Settings, shop: Shop, backup: Path) -> None:
    with zipfile.ZipFile(backup) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert settings.secret_key.encode() not in everything
    assert shop.secret.encode() not in everything
    assert backup.stat().st_mode & 0o077 == 0


def test_posting_ids_continue_after_the_highest(
    databases: Databases, ready: Databases, shop: Shop, backup: Path
) -> None:
    with open_archive(backup) as archive:
        restore(ready, archive, ignore_progress)
    highest = max(row[0] for row in contents(ready)["ledger_posting"])
    pay_bonus(ready, shop.brand_id, number=7)
    assert max(row[0] for row in contents(ready)["ledger_posting"]) == highest + 1


def test_an_empty_installation_can_be_saved_and_restored(
    databases: Databases, ready: Databases, now: datetime, tmp_path: Path
) -> None:
    make_backup(databases, now, tmp_path / "empty.zip", ignore_progress)
    with open_archive(tmp_path / "empty.zip") as archive:
        assert restore(ready, archive, ignore_progress).manifest.heads == ()


def test_faults_in_the_backup_are_restored_and_reported(
    databases: Databases, shop: Shop, now: datetime, tmp_path: Path
) -> None:
    transact(databases.main, lambda session: _break_a_chain(session, shop.brand_id))
    manifest: Manifest = make_backup(databases, now, tmp_path / "broken.zip", ignore_progress)
    with open_archive(tmp_path / "broken.zip") as archive:
        done = verify(archive, ignore_progress)
    with read_session(databases.main) as session:
        assert done.findings == self_check(session, manifest.made_at)
    assert [found.check for found in done.findings] == ["chain"]


def _break_a_chain(session: Session, brand_id: str) -> None:
    chain = session.get_one(Chain, brand_id)
    chain.seq += 1
