"""Databases for every test: migrated once for the run, copied for each test, on SQLite and on PostgreSQL."""

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import hypothesis
import pytest

from config.database import Databases, open_databases
from config.migrate import upgrade
from config.settings import Settings
from tests.harness.databases.memory_disk import memory_disk
from tests.harness.databases.postgres import (
    PostgresServer,
    PostgresUnavailable,
    database_name,
    start_postgres,
)
from tests.harness.databases.snapshots import NOW, DatabaseSeed, Snapshot, SnapshotStore
from tests.harness.databases.snapshots import SECRET as SECRET
from tests.harness.databases.snapshots import settings_for as settings_for
from tests.harness.databases.statement_cache import share_compiled_statements

pytest_plugins = ["tests.harness.forbid_skips"]

share_compiled_statements()

# Tests start some two hundred processes of the product. Where no bytecode may be kept, each of them would
# compile all of it anew, which is a fifth of a second.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes is the machine's affair: no test fails because of it.
for profile, examples in (("linkledger", 50), ("nightly", 1000)):
    hypothesis.settings.register_profile(
        profile,
        max_examples=examples,
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
        print_blob=True,
    )
hypothesis.settings.load_profile("linkledger")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--story-seed", type=int, help="tell the stories of shops in the same random orders again"
    )


LONG_FILES = frozenset(
    (
        "test_demo_in_a_browser.py",
        "test_first_payout.py",
        "test_walkthrough.py",
        "test_serve.py",
        "test_serve_command.py",
        "test_edge_process.py",
        "test_quiet_logs.py",
        "test_outages.py",
        "test_web_stalls.py",
        "test_seed.py",
        "test_home.py",
        "test_metrics.py",
        "test_forbid_skips.py",
    )
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes seconds comes first: at the end there is nothing left but tests that two can share."""
    items.sort(key=lambda item: item.path.name not in LONG_FILES)


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
    name = database_name("template")
    postgres_server.create_database(name)
    _migrate(settings_for(tmp_path_factory.mktemp("pg-home"), postgres_server.url(name)))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sqlite-template") / "home"
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


@pytest.fixture(scope="session")
def sqlite_snapshots(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> SnapshotStore:
    return SnapshotStore(tmp_path_factory.mktemp("snapshots"), sqlite_template, None)


@pytest.fixture(scope="session")
def postgresql_snapshots(
    postgres_template: str, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SnapshotStore]:
    snapshots = SnapshotStore(tmp_path_factory.mktemp("pg-snapshots"), postgres_template, postgres_server)
    yield snapshots
    snapshots.close()


@pytest.fixture
def database_seed() -> DatabaseSeed | None:
    """What was played before a test begins. Folders and files whose tests begin alike say it here."""
    return None


@pytest.fixture
def snapshots(database_kind: str, request: pytest.FixtureRequest) -> SnapshotStore:
    found: SnapshotStore = request.getfixturevalue(f"{database_kind}_snapshots")
    return found


@pytest.fixture
def snapshot(snapshots: SnapshotStore, database_seed: DatabaseSeed | None) -> Snapshot:
    return snapshots.after(database_seed)


@pytest.fixture
def settings(snapshots: SnapshotStore, snapshot: Snapshot, home: Path) -> Iterator[Settings]:
    """Settings that lead to databases of the given kind, migrated, in which the opening was played."""
    with snapshots.copy(snapshot, home.parent) as own:
        yield own


@pytest.fixture
def databases(settings: Settings) -> Iterator[Databases]:
    opened = open_databases(settings)
    yield opened
    opened.close()


@pytest.fixture
def now() -> datetime:
    return NOW


def _migrate(settings: Settings) -> None:
    databases = open_databases(settings)
    upgrade(databases)
    databases.close()
