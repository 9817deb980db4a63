"""Databases for every test, on SQLite and PostgreSQL: migrated once per run and copied for each test."""

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

pytest_plugins = ["tests.harness.forbid_skips", "tests.harness.selection"]

if not os.environ.get("LINKLEDGER_REAL_DIALECTS"):  # `make nightly` sets it
    share_compiled_statements()

# Tests start about two hundred processes of the product. Without stored bytecode, each of them would compile
# everything again, which takes 0.2 s.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# No deadline per example: a test must not fail because the machine is slow.
for profile, examples in (("quick", 10), ("linkledger", 50), ("nightly", 1000)):
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
        "--scenario-seed",
        "--story-seed",
        type=int,
        help="repeat the random orders of a run; --story-seed is the former name",
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
    """Run slow files first, so that at the end the workers share many short tests."""
    items.sort(key=lambda item: item.path.name not in LONG_FILES)


def pytest_collection_finish() -> None:
    """Exclude the collected tests and modules from garbage collection: they live until the end of the run."""
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
    """The LINKLEDGER_HOME of one test; on the RAM disk if the machine has one."""
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
    """Fills the databases before a test. Folders and files override it for tests with the same start."""
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
    """Settings with migrated and seeded databases of the given kind."""
    with snapshots.copy(snapshot, home.parent) as copied:
        yield copied


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
