"""Database snapshots: seeded once per kind of database and copied for each test.

A copy takes some milliseconds, no matter how long the seed took.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings, load_settings
from tests.harness.databases.copies import DatabaseCopies
from tests.harness.databases.postgres import PostgresServer, database_name

SECRET = "a signing key for tests that is long enough"
NOW = datetime(2026, 10, 1, 10, 0, tzinfo=UTC)

DatabaseSeed = Callable[[Settings], Any]
"""Fills migrated databases, closes them, and returns what tests need to know, such as ids."""


@dataclass(frozen=True)
class Snapshot:
    """A seeded database. `folder` contains LINKLEDGER_HOME as "home", and other files of the seed."""

    folder: Path
    template: str
    """The database on PostgreSQL; empty on SQLite, whose files are in the home."""
    known: Any
    """The result of the seed."""


def settings_for(home: Path, database_url: str = "", **others: object) -> Settings:
    return load_settings(home=home, database_url=database_url, secret_key=SECRET, **others)


def database_seed_for(**database_seeds: DatabaseSeed) -> Any:
    """A fixture `database_seed` for a file or folder: the seed of the first of these fixtures in the test."""

    @pytest.fixture
    def database_seed(request: pytest.FixtureRequest) -> DatabaseSeed | None:
        return next((each for name, each in database_seeds.items() if name in request.fixturenames), None)

    return database_seed


class SnapshotStore:
    """All snapshots of one kind of database. `server` is None for SQLite."""

    def __init__(self, folder: Path, migrated: Path | str, server: PostgresServer | None) -> None:
        self._folder, self._server = folder, server
        self._copies = DatabaseCopies(server) if server is not None else None
        home = migrated if isinstance(migrated, Path) else folder / "empty" / "home"
        home.mkdir(parents=True, exist_ok=True)
        self._empty = Snapshot(home.parent, migrated if isinstance(migrated, str) else "", None)
        self._snapshots: dict[DatabaseSeed, Snapshot] = {}

    def after(self, database_seed: DatabaseSeed | None) -> Snapshot:
        """The snapshot of this seed; without a seed, the snapshot with empty tables."""
        if database_seed is None:
            return self._empty
        if database_seed not in self._snapshots:
            self._snapshots[database_seed] = self._create(database_seed)
        return self._snapshots[database_seed]

    @contextmanager
    def copy(self, snapshot: Snapshot, folder: Path) -> Iterator[Settings]:
        """Settings for a copy of the snapshot, with its home in `folder`; the copy is dropped at the end."""
        shutil.copytree(snapshot.folder, folder, dirs_exist_ok=True)
        if self._server is None or self._copies is None:
            yield settings_for(folder / "home")
            return
        name = self._copies.take(snapshot.template)
        yield settings_for(folder / "home", self._server.url(name))
        self._copies.release(name)

    def close(self) -> None:
        if self._copies is not None:
            self._copies.close()

    def _create(self, database_seed: DatabaseSeed) -> Snapshot:
        folder = self._folder / f"snapshot-{len(self._snapshots)}"
        shutil.copytree(self._empty.folder, folder)
        template = ""
        if self._server is not None:
            template = database_name("snapshot")
            self._server.create_database(template, template=self._empty.template)
        url = self._server.url(template) if self._server is not None else ""
        return Snapshot(folder, template, database_seed(settings_for(folder / "home", url)))


POSTGRESQL_NIGHTLY = pytest.mark.parametrize(
    "database_kind",
    ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.nightly])],
    indirect=True,
)
"""For tests that only check the filter of a query: both databases run the same query, so one is enough."""
