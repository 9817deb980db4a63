import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.database import Databases, open_databases
from config.settings import Settings, load_settings
from tests.payouts.backup.content import fill_installation
from tests.postgres import PostgresServer
from tests.stages import Opening, Stage, opening_for
from tests.tracker.sales.shop import Shop

_numbers = itertools.count(1)


def lived_in(settings: Settings) -> Shop:
    databases = open_databases(settings)
    shop = fill_installation(settings, databases)
    databases.close()
    return shop


@pytest.fixture
def opening(request: pytest.FixtureRequest) -> Opening | None:
    return opening_for(request, shop=lived_in)


@pytest.fixture
def shop(stage: Stage, databases: Databases) -> Shop:
    """What is to be saved, in `databases`."""
    filled: Shop = stage.known
    return filled.moved_to(databases)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def target_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def target_settings(
    target_kind: str, settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Settings]:
    """Settings of another installation with the same key, whose databases have no tables yet."""
    others: dict[str, Any] = {"home": tmp_path / "target", "secret_key": settings.secret_key}
    if target_kind == "sqlite":
        yield load_settings(database_url="", **others)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"linkledger_target_{os.getpid()}_{next(_numbers)}"
    server.create_database(name)
    yield load_settings(database_url=server.url(name), **others)
    server.drop_database(name)


@pytest.fixture
def target(target_settings: Settings) -> Iterator[Databases]:
    opened = open_databases(target_settings)
    yield opened
    opened.close()
