from pathlib import Path

import pytest
from sqlalchemy import text

from config.database import Databases
from config.settings import Settings
from payouts.backup.commands import COMMANDS
from tests.cast.api import Terminal
from tests.cast.shop import Shop
from tests.payouts.backup.content import WITHOUT_FREEZE, contents, new_click, without_chain
from tests.tracker.audit.acts import acts_of
from tests.tracker.clicks.recording.test_spool_drainer import write_orphan
from tracker.audit.chain import INSTALLATION


@pytest.fixture
def database_kind() -> str:
    """The database that is saved; its kind makes no difference to the file."""
    return "sqlite"


@pytest.fixture
def terminal(settings: Settings) -> Terminal:
    return Terminal(settings, COMMANDS)


@pytest.fixture
def other_terminal(target_settings: Settings) -> Terminal:
    return Terminal(target_settings, COMMANDS)


def test_save_verify_and_restore(
    shop: Shop,
    databases: Databases,
    target: Databases,
    terminal: Terminal,
    other_terminal: Terminal,
    tmp_path: Path,
) -> None:
    file, before = str(tmp_path / "backup.zip"), contents(databases)
    saved = terminal.ask("backup", file)
    verified = terminal.ask("restore", file, "--verify")
    restored = other_terminal.ask("restore", file)
    assert saved["bytes"] == Path(file).stat().st_size
    assert saved["rows"]["clicks/click"] == 3
    assert saved["heads"] == verified["heads"] == restored["heads"]
    assert saved["rows"] == verified["rows"] == restored["rows"]
    assert (verified["restored"], verified["faults"]) == (False, [])
    assert (restored["restored"], restored["faults"], restored["sources_without_key"]) == (True, [], [])
    assert without_chain(contents(target) | WITHOUT_FREEZE, INSTALLATION) == before
    assert without_chain(contents(databases), INSTALLATION) == before
    assert [each.action for each in acts_of(target) if each.brand_id is None] == ["backup.restore"]
    assert [each.action for each in acts_of(databases) if each.brand_id is None] == ["backup.create"]
    assert "is not empty" in other_terminal.refused("restore", file)


def test_spooled_clicks_are_saved(
    shop: Shop, settings: Settings, databases: Databases, terminal: Terminal, tmp_path: Path
) -> None:
    write_orphan(settings.spool_folder, new_click(shop, 7))
    with databases.clicks.begin() as connection:
        connection.execute(text("ALTER TABLE click RENAME TO elsewhere"))
    refused = terminal.run("backup", str(tmp_path / "refused.zip"))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "nothing was saved" in refused.stderr
    assert not (tmp_path / "refused.zip").exists()
    with databases.clicks.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO click"))
    saved = terminal.ask("backup", str(tmp_path / "backup.zip"))
    assert saved["rows"]["clicks/click"] == 4


def test_backup_lists_what_it_leaves_out(shop: Shop, terminal: Terminal, tmp_path: Path) -> None:
    result = terminal.run("backup", str(tmp_path / "backup.zip"))
    assert result.exit_code == 0
    for word in ("LINKLEDGER_SECRET_KEY", "sandbox.db", "restore", shop.brand_id):
        assert word in result.stdout
    assert "clicks/click: 3 rows saved" in result.stderr


def test_a_backup_is_never_overwritten(shop: Shop, terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "backup.zip"
    terminal.ask("backup", str(file))
    before = file.read_bytes()
    assert "already exists" in terminal.refused("backup", str(file))
    assert file.read_bytes() == before


def test_verify_works_without_an_installation(shop: Shop, terminal: Terminal, tmp_path: Path) -> None:
    file = str(tmp_path / "backup.zip")
    terminal.ask("backup", file)
    nowhere = tmp_path / "nowhere"
    wrong = Settings(home=nowhere).model_copy(update={"database_url": "mysql://wrong"})
    assert Terminal(wrong, COMMANDS).ask("restore", file, "--verify")["faults"] == []
    assert not nowhere.exists()


def test_a_damaged_backup_is_a_fault(
    shop: Shop, terminal: Terminal, other_terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "backup.zip"
    terminal.ask("backup", str(file))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    for arguments in (("restore", str(file)), ("restore", str(file), "--verify")):
        result = other_terminal.run(*arguments)
        assert (result.exit_code, result.stdout) == (3, "")
        assert "is damaged" in result.stderr


def test_wrong_secret_key_is_reported(
    shop: Shop, terminal: Terminal, target_settings: Settings, tmp_path: Path
) -> None:
    file = str(tmp_path / "backup.zip")
    terminal.ask("backup", file)
    other_key = target_settings.model_copy(update={"secret_key": "another key that is long enough as well"})
    result = Terminal(other_key, COMMANDS).run("restore", file)
    assert result.exit_code == 0
    assert "The secrets of 2 sources cannot be read" in result.stdout


def test_faults_in_the_backup_are_reported_with_exit_code_3(
    shop: Shop, databases: Databases, terminal: Terminal, other_terminal: Terminal, tmp_path: Path
) -> None:
    with databases.main.begin() as connection:
        connection.exec_driver_sql("update ledger_chain set seq = seq + 1")
    file = str(tmp_path / "backup.zip")
    terminal.ask("backup", file)
    result = other_terminal.run("restore", file)
    assert result.exit_code == 3
    assert "payouts are frozen" in result.stdout
    assert f"The books of {shop.brand_id} end at number" in result.stdout
