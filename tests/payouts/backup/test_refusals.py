"""A damaged backup or a target that is not empty is refused with a clear message, and no row is written."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from config.database import Databases, make_engine
from config.migrate import migrate_up
from config.schema import schema_states
from payouts.backup.archive import open_archive
from payouts.backup.create import make_backup
from payouts.backup.restore import Restored, restore, verify
from tests.cast.shop import Shop
from tests.payouts.backup.content import WITHOUT_FREEZE, contents, pay_bonus, without_codes
from tests.payouts.backup.damage import edit_manifest, keep_columns, rebuilt, replace_lines
from tracker.errors import Conflict, Fault, Invalid, LinkledgerError

Members = dict[str, bytes]


@pytest.fixture
def database_kind() -> str:
    """The database that is saved; its kind makes no difference to the file."""
    return "sqlite"


def restored(target: Databases, backup: Path) -> Restored:
    with open_archive(backup) as archive:
        return restore(target, archive, print)


def lose_a_member(members: Members) -> None:
    del members["main/sale.jsonl"]


def add_a_member(members: Members) -> None:
    members["main/secret.jsonl"] = b"[]\n"


def lose_a_row(members: Members) -> None:
    members["main/ledger_posting.jsonl"] = members["main/ledger_posting.jsonl"].split(b"\n", 1)[1]


def change_a_row(members: Members) -> None:
    members["main/creator.jsonl"] = members["main/creator.jsonl"].replace(b"anna", b"Anna", 1)


def lose_the_manifest(members: Members) -> None:
    del members["manifest.json"]


def corrupt_manifest(members: Members) -> None:
    edit_manifest(members, lambda manifest: manifest.pop("heads"))


def omit_table(members: Members) -> None:
    del members["main/cancellation.jsonl"]
    edit_manifest(
        members,
        lambda m: m.update(members=[e for e in m["members"] if e["shape"]["table"] != "cancellation"]),
    )


def move_a_negative_amount(members: Members) -> None:
    lines = members["main/ledger_posting.jsonl"].replace(b',101,"EUR"', b',-101,"EUR"')
    replace_lines(members, "main/ledger_posting.jsonl", lines)


def remove_referenced_rows(members: Members) -> None:
    replace_lines(members, "main/creator.jsonl", b"")


def write_float_amount(members: Members) -> None:
    lines = members["main/ledger_posting.jsonl"].replace(b',101,"EUR"', b',101.0,"EUR"')
    replace_lines(members, "main/ledger_posting.jsonl", lines)


def change_chain_head(members: Members) -> None:
    edit_manifest(members, lambda manifest: manifest["heads"][0].update(head_hash="0" * 64))


FAULTS = pytest.mark.parametrize(
    ("corrupt", "message"),
    [
        (lose_a_member, "main/sale.jsonl is missing"),
        (add_a_member, "contains more members than its manifest names"),
        (lose_a_row, "main/ledger_posting.jsonl differs from what was saved"),
        (change_a_row, "main/creator.jsonl differs from what was saved"),
        (lose_the_manifest, "manifest.json is missing"),
        (corrupt_manifest, "manifest of the backup cannot be read"),
        (omit_table, r"does not contain the tables of its schema \(main/cancellation\)"),
        (move_a_negative_amount, "posting_amount_positive"),
        (remove_referenced_rows, "(?i)foreign key"),
        (write_float_amount, r"main/ledger_posting.jsonl, line \d+, is not a row"),
        (change_chain_head, "do not end where the backup says"),
    ],
)


@FAULTS
def test_a_fault_is_named_and_no_row_is_restored(
    ready: Databases, backup: Path, corrupt: Callable[[Members], None], message: str
) -> None:
    with pytest.raises(Fault, match=message):
        restored(ready, rebuilt(backup, corrupt))
    assert not any(contents(ready).values())


@FAULTS
def test_a_fault_is_named_without_a_target(
    backup: Path, corrupt: Callable[[Members], None], message: str
) -> None:
    with pytest.raises(Fault, match=message), open_archive(rebuilt(backup, corrupt)) as archive:
        verify(archive, print)


def test_rebuilt_backup_without_changes_restores(
    target: Databases, databases: Databases, backup: Path
) -> None:
    restored(target, rebuilt(backup, lambda members: None))
    assert contents(target) | WITHOUT_FREEZE == contents(databases)


def test_one_flipped_bit_anywhere_is_found(backup: Path) -> None:
    whole = backup.read_bytes()
    positions = {*range(0, len(whole), 101), *range(len(whole) - 120, len(whole))}
    for position in positions:
        damaged = bytearray(whole)
        damaged[position] ^= 1
        backup.write_bytes(damaged)
        with pytest.raises(Fault), open_archive(backup):
            pass


def test_a_truncated_file_is_found(backup: Path) -> None:
    whole = backup.read_bytes()
    for length in (2, 100, len(whole) // 2, len(whole) - 64, len(whole) - 1):
        backup.write_bytes(whole[:length])
        with pytest.raises(Fault, match="damaged"), open_archive(backup):
            pass


@pytest.mark.parametrize("content", [b"", b"a letter", b"x" * 1000])
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "letter").write_bytes(content)
    with pytest.raises(Invalid, match="not a backup"), open_archive(tmp_path / "letter"):
        pass


def test_a_target_with_rows_is_refused_and_not_changed(ready: Databases, shop: Shop, backup: Path) -> None:
    restored(ready, backup)
    pay_bonus(ready, shop.brand_id, number=7)
    before = contents(ready)
    with pytest.raises(Conflict, match=r"not empty: .*brand"):
        restored(ready, backup)
    assert contents(ready) == before


LOSE_A_ROW = {
    "sqlite": "create trigger lose after insert on job_clock begin delete from job_clock; end",
    "postgresql": "create rule lose as on insert to job_clock do instead nothing",
}


def test_a_row_that_is_lost_during_the_restore_is_noticed(ready: Databases, backup: Path) -> None:
    with ready.main.begin() as connection:
        connection.exec_driver_sql(LOSE_A_ROW[ready.main.dialect.name])
    with pytest.raises(Fault, match="main/job_clock differs from the file after the restore"):
        restored(ready, backup)
    assert not any(contents(ready).values())


def test_a_backup_of_a_newer_schema_names_the_version_to_use(target: Databases, backup: Path) -> None:
    def edit(manifest: dict[str, Any]) -> None:
        manifest.update(made_by="Linkledger 9.1")
        manifest["schemas"].update(main="9001")

    newer = rebuilt(backup, lambda members: edit_manifest(members, edit))
    with pytest.raises(Invalid, match=r"made by Linkledger 9\.1 with schema 9001"):
        restored(target, newer)
    assert [state.current for state in schema_states(target)] == [None, None]


def test_a_backup_of_a_newer_format_names_the_version_to_use(backup: Path) -> None:
    newer = rebuilt(backup, lambda members: edit_manifest(members, lambda m: m.update(version=2)))
    with pytest.raises(Invalid, match=r"format 2.*restore it with that version"), open_archive(newer):
        pass


NEWER_TABLES = {"job_run", "job_clock", "link_version", "link_change"}
NEWER_TABLES |= {"order_reference", "refund_failure", "refund_level", "api_key", "audit_chain", "audit_entry"}


@pytest.fixture
def older_schema_backup(tmp_path: Path) -> Callable[[Members], None]:
    """Returns a change that makes a backup look as if made with schema 0006, which had no job tables."""
    engine = make_engine(f"sqlite:///{tmp_path / 'older.db'}")
    migrate_up(engine, "main", "0006")
    with engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        columns = {each: {c["name"] for c in inspect(connection).get_columns(each)} for each in tables}
        older = {"click", *tables}
    engine.dispose()

    def edit(manifest: dict[str, Any]) -> None:
        manifest["schemas"]["main"] = "0006"
        manifest["members"] = [m for m in manifest["members"] if m["shape"]["table"] in older]

    def change(members: Members) -> None:
        edit_manifest(members, edit)
        for name in [*members]:
            if name != "manifest.json" and Path(name).stem not in older:
                del members[name]
        for table, kept in columns.items():
            keep_columns(members, f"main/{table}.jsonl", kept)

    return change


def test_a_backup_of_an_older_schema_is_upgraded(
    databases: Databases, target: Databases, backup: Path, older_schema_backup: Callable[[Members], None]
) -> None:
    assert restored(target, rebuilt(backup, older_schema_backup)).findings == []
    assert all(state.current == state.head for state in schema_states(target))
    expected = without_codes(contents(databases)) | {table: [] for table in NEWER_TABLES}
    assert contents(target) | WITHOUT_FREEZE == expected


def test_a_backup_of_an_older_schema_needs_a_target_without_tables(
    ready: Databases, backup: Path, older_schema_backup: Callable[[Members], None]
) -> None:
    with pytest.raises(Conflict, match=r"at schema \d+, those of the backup at 0006"):
        restored(ready, rebuilt(backup, older_schema_backup))
    assert not any(contents(ready).values())


def test_an_older_backup_with_a_fault_leaves_the_target_without_tables(
    target: Databases, backup: Path, older_schema_backup: Callable[[Members], None]
) -> None:
    def both(members: Members) -> None:
        older_schema_backup(members)
        remove_referenced_rows(members)

    with pytest.raises(Fault, match="(?i)foreign key"):
        restored(target, rebuilt(backup, both))
    assert [state.current for state in schema_states(target)] == [None, None]


def test_interrupted_backup_leaves_no_file(
    databases: Databases, shop: Shop, now: datetime, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()

    def interrupt(_line: str) -> None:
        assert [file.suffix for file in folder.iterdir()] == [".part"]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_backup(databases, now, folder / "backup.zip", interrupt)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("has_hard_links", [True, False])
def test_a_file_that_appears_during_the_backup_is_not_overwritten(
    databases: Databases,
    shop: Shop,
    now: datetime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    has_hard_links: bool,
) -> None:
    if not has_hard_links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError("no links here")))
    path = tmp_path / "backups" / "backup.zip"
    path.parent.mkdir()

    def create_file(_line: str) -> None:
        path.write_text("mine")

    with pytest.raises(Conflict, match="not overwritten"):
        make_backup(databases, now, path, create_file)
    assert path.read_text() == "mine"
    assert list(path.parent.iterdir()) == [path]
    path.unlink()
    make_backup(databases, now, path, print)
    with open_archive(path) as archive:
        archive.verify_members()
    with pytest.raises(Conflict, match="not overwritten"):
        make_backup(databases, now, path, print)


def test_a_missing_folder_is_named(databases: Databases, now: datetime, tmp_path: Path) -> None:
    with pytest.raises(LinkledgerError, match=r"nowhere/backup\.zip could not be written: No such file"):
        make_backup(databases, now, tmp_path / "nowhere" / "backup.zip", print)
