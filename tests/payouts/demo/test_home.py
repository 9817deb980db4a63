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
from payouts.demo.home import MARK, clear_interrupted, prepare, reset
from payouts.processes.addresses import require_free
from tests.conftest import settings_for
from tests.payouts.demo.conftest import NOON, silent
from tracker.errors import Conflict
from tracker.people.accounts.operations import create_brand


@pytest.fixture
def real(home: Path) -> Iterator[Settings]:
    """An installation with a brand in it that is not the demo's."""
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


def mark(settings: Settings, *, whole: bool, address: str = "http://127.0.0.1:8000") -> None:
    (settings.home / MARK).write_text(json.dumps({"whole": whole, "address": address}))


def test_a_folder_with_real_data_is_neither_seeded_nor_deleted(real: Settings) -> None:
    with pytest.raises(Conflict, match="did not make"):
        prepare(real, NOON, silent)
    with pytest.raises(Conflict, match="nothing was deleted"):
        reset(real, silent)


def test_a_database_with_other_brands_is_refused(real: Settings) -> None:
    named = real.model_copy(update={"database_url": real.main_url})
    with pytest.raises(Conflict, match="brands that this demo did not make"):
        prepare(named, NOON, silent)
    with pytest.raises(Conflict, match="LINKLEDGER_DATABASE_URL"):
        reset(named, silent)


def test_a_database_with_other_brands_keeps_its_older_schema(home: Path) -> None:
    """Somebody else's installation may be running on it, of an older version."""
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
        prepare(settings, NOON, silent)
    assert [state.current for state in schema_states(databases)] == before
    databases.close()


def test_a_database_that_is_empty_but_migrated_can_be_the_demos(seeded_home: Path) -> None:
    assert json.loads((seeded_home / MARK).read_text())["whole"]


def test_reset_deletes_the_demos_own_folder(home: Path) -> None:
    settings = settings_for(home)
    mark(settings, whole=True)
    (home / "linkledger.db").touch()
    reset(settings, silent)
    assert not home.exists()


def test_resetting_what_was_never_made_is_no_fault(home: Path) -> None:
    reset(settings_for(home), silent)


def test_what_an_interrupted_start_left_is_thrown_away(home: Path) -> None:
    settings = settings_for(home)
    mark(settings, whole=False)
    (home / "linkledger.db").touch()
    said: list[str] = []
    clear_interrupted(settings, said.append)
    assert not (home / "linkledger.db").exists()
    assert "interrupted" in said[0]


def test_an_address_that_is_taken_is_said_before_anything_is_made() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        bind = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(Conflict, match="--bind"):
            require_free(bind)
    require_free(bind)


def test_a_whole_demo_is_kept_and_started_again(demo_settings: Settings) -> None:
    mark(demo_settings, whole=True)
    said: list[str] = []
    prepare(demo_settings, NOON, said.append)
    assert said == []


def test_a_demo_whose_links_lead_elsewhere_says_what_to_do(demo_settings: Settings) -> None:
    mark(demo_settings, whole=True, address="http://127.0.0.1:9999")
    with pytest.raises(Conflict, match="--reset"):
        prepare(demo_settings, NOON, silent)
