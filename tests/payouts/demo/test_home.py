import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from config.database import open_databases, transact
from config.migrate import migrate_up, upgrade
from config.schema import schema_states
from config.settings import Settings
from payouts.demo.home import MARKER_FILE, clear_interrupted, prepare, reset
from payouts.processes.addresses import require_address_free
from tests.conftest import settings_for
from tests.payouts.demo.conftest import NOON, ignore_progress
from tracker.errors import Conflict
from tracker.people.accounts.operations import create_brand


@pytest.fixture
def real_installation(home: Path) -> Iterator[Settings]:
    """An installation with a brand that is not the demo's."""
    settings = settings_for(home)
    databases = open_databases(settings)
    upgrade(databases)
    transact(
        databases.main,
        lambda session: create_brand(session, NOON, name="Real", currency="EUR", timezone="UTC"),
    )
    databases.close()
    yield settings
    assert (home / "linkledger.db").exists()


def write_marker(settings: Settings, *, whole: bool, address: str = "http://127.0.0.1:8000") -> None:
    (settings.home / MARKER_FILE).write_text(json.dumps({"whole": whole, "address": address}))


def test_a_folder_with_real_data_is_neither_seeded_nor_deleted(real_installation: Settings) -> None:
    with pytest.raises(Conflict, match="did not make"):
        prepare(real_installation, NOON, ignore_progress)
    with pytest.raises(Conflict, match="nothing was deleted"):
        reset(real_installation, ignore_progress)


def test_a_database_with_other_brands_is_refused(real_installation: Settings) -> None:
    named = real_installation.model_copy(update={"database_url": real_installation.main_url})
    with pytest.raises(Conflict, match="brands that this demo did not make"):
        prepare(named, NOON, ignore_progress)
    with pytest.raises(Conflict, match="LINKLEDGER_DATABASE_URL"):
        reset(named, ignore_progress)


def test_a_database_with_other_brands_keeps_its_older_schema(home: Path) -> None:
    """An installation of an older version may be using the database."""
    settings = settings_for(home, f"sqlite:///{home}/real.db")
    databases = open_databases(settings)
    migrate_up(databases.main, "main", "0006")
    migrate_up(databases.clicks, "clicks")
    with databases.main.begin() as connection:
        connection.execute(
            text(
                "insert into brand (id, name, currency, timezone, cadence, review_days, minimum_minor,"
                " attribution_model, coupon_policy, created_at) values"
                " ('brd_1', 'Real', 'EUR', 'UTC', 'month', 7, 0, 'last', 'if_involved', '2026-09-01')"
            )
        )
    before = [state.current for state in schema_states(databases)]
    with pytest.raises(Conflict, match="brands that this demo did not make"):
        prepare(settings, NOON, ignore_progress)
    assert [state.current for state in schema_states(databases)] == before
    databases.close()


def test_a_migrated_database_without_rows_can_be_used_for_the_demo(seeded_home: Path) -> None:
    assert json.loads((seeded_home / MARKER_FILE).read_text())["whole"]


def test_reset_deletes_the_demos_own_folder(home: Path) -> None:
    settings = settings_for(home)
    write_marker(settings, whole=True)
    (home / "linkledger.db").touch()
    reset(settings, ignore_progress)
    assert not home.exists()


def test_reset_without_a_demo_does_nothing(home: Path) -> None:
    reset(settings_for(home), ignore_progress)


def test_interrupted_demo_is_deleted(home: Path) -> None:
    settings = settings_for(home)
    write_marker(settings, whole=False)
    (home / "linkledger.db").touch()
    messages: list[str] = []
    clear_interrupted(settings, messages.append)
    assert not (home / "linkledger.db").exists()
    assert "interrupted" in messages[0]


def test_used_address_is_reported_before_anything_is_created() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        bind = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(Conflict, match="--bind"):
            require_address_free(bind)
    require_address_free(bind)


def test_a_complete_demo_is_started_again_unchanged(demo_settings: Settings) -> None:
    write_marker(demo_settings, whole=True)
    messages: list[str] = []
    prepare(demo_settings, NOON, messages.append)
    assert messages == []


def test_a_demo_whose_links_lead_elsewhere_is_refused_with_advice(demo_settings: Settings) -> None:
    write_marker(demo_settings, whole=True, address="http://127.0.0.1:9999")
    with pytest.raises(Conflict, match="--reset"):
        prepare(demo_settings, NOON, ignore_progress)
