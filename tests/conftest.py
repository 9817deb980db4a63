"""Databases for every test: migrated once for the run, copied for each test, on SQLite and on PostgreSQL."""

import gc
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from config.database import Databases, open_databases
from config.migrate import upgrade
from config.settings import Settings, load_settings
from tests.memory_disk import memory_disk
from tests.postgres import PostgresServer, PostgresUnavailable, start_postgres
from tests.statement_cache import share_compiled_statements

pytest_plugins = ["tests.forbid_skips"]

share_compiled_statements()

# Tests start some two hundred processes of the product. Where no bytecode may be kept, each of them would
# compile all of it anew, which is a fifth of a second.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes is the machine's affair: no test fails because of it.
hypothesis.settings.register_profile(
    "linkledger", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("linkledger")

SECRET = "a signing key for tests that is long enough"
_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--story-seed", type=int, help="tell the stories of shops in the same random orders again"
    )


def pytest_collection_finish() -> None:
    """Thousands of tests and rewritten modules stay to the end: the collector need not look at them again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer | None]:
    try:
        server = start_postgres(tmp_path_factory.mktemp("postgres"))
    except PostgresUnavailable as reason:
        pytest.skip(f"PostgreSQL is not available: {reason}")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    name = _database_name("template")
    postgres_server.create_database(name)
    _migrate(settings_for(tmp_path_factory.mktemp("pg-home"), postgres_server.url(name)))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sqlite-template")
    _migrate(settings_for(home))
    return home


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A LINKLEDGER_HOME of the test's own; in memory where there is a disk in memory."""
    with tempfile.TemporaryDirectory(prefix="linkledger-", dir=memory_disk() or tmp_path) as folder:
        yield Path(folder) / "home"


@pytest.fixture
def settings(database_kind: str, home: Path, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Settings that lead to empty, migrated databases of the given kind."""
    if database_kind == "sqlite":
        shutil.copytree(request.getfixturevalue("sqlite_template"), home)
        yield settings_for(home)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = _database_name("test")
    server.create_database(name, template=request.getfixturevalue("postgres_template"))
    yield settings_for(home, server.url(name))
    server.drop_database(name)


@pytest.fixture
def databases(settings: Settings) -> Iterator[Databases]:
    opened = open_databases(settings)
    yield opened
    opened.close()


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 10, 1, 10, 0, tzinfo=UTC)


def settings_for(home: Path, database_url: str = "", **others: object) -> Settings:
    return load_settings(home=home, database_url=database_url, secret_key=SECRET, **others)


def _database_name(use: str) -> str:
    """Of this process alone: several may share one server."""
    return f"linkledger_{use}_{os.getpid()}_{next(_numbers)}"


def _migrate(settings: Settings) -> None:
    databases = open_databases(settings)
    upgrade(databases)
    databases.close()
