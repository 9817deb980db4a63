import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.database import Databases, open_databases
from config.settings import Settings, load_settings
from payouts.backup.create import make_backup
from tests.cast.shop import Shop
from tests.harness.databases.postgres import PostgresServer
from tests.harness.databases.snapshots import NOW, Snapshot, database_seed_for
from tests.payouts.backup.content import fill_installation

_numbers = itertools.count(1)


def seeded_books(settings: Settings) -> Shop:
    """An installation with content, and a backup of it next to its home folder."""
    databases = open_databases(settings)
    shop = fill_installation(settings, databases)
    make_backup(databases, NOW, backup_file(settings), lambda _line: None)
    databases.close()
    return shop


def backup_file(settings: Settings) -> Path:
    return settings.home.parent / "backup.zip"


database_seed = database_seed_for(shop=seeded_books)


@pytest.fixture
def shop(snapshot: Snapshot, databases: Databases) -> Shop:
    """The installation that is saved; its rows are in `databases`."""
    filled: Shop = snapshot.known
    return filled.with_databases(databases)


@pytest.fixture
def backup(settings: Settings, shop: Shop) -> Path:
    """A backup file that the test may damage."""
    return backup_file(settings)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def target_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def target_settings(
    target_kind: str, settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Settings]:
    """Settings of another installation with the same key; it has tables only in tests that use `ready`."""
    others: dict[str, Any] = {"home": tmp_path / "target", "secret_key": settings.secret_key}
    ready = "ready" in request.fixturenames
    if target_kind == "sqlite":
        if ready:
            shutil.copytree(request.getfixturevalue("sqlite_template"), tmp_path / "target")
        yield load_settings(database_url="", **others)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"linkledger_target_{os.getpid()}_{next(_numbers)}"
    server.create_database(name, request.getfixturevalue("postgres_template") if ready else None)
    yield load_settings(database_url=server.url(name), **others)
    server.drop_database(name)


@pytest.fixture
def target(target_settings: Settings) -> Iterator[Databases]:
    opened = open_databases(target_settings)
    yield opened
    opened.close()


@pytest.fixture
def ready(target: Databases) -> Databases:
    """The target after `linkledger migrate`."""
    return target
