"""Database snapshots: seeded once per kind of database and copied for each test.

A copy of a database takes some milliseconds, whatever has happened in it before.
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
"""Plays a story in databases that are migrated, closes them, and returns what tests have to know of it."""


@dataclass(frozen=True)
class Snapshot:
    """`folder`: LINKLEDGER_HOME, called "home", and what the story left beside it."""

    folder: Path
    template: str
    """The database on PostgreSQL; empty on SQLite, whose files are in the home."""
    known: Any
    """What the opening returned."""


def settings_for(home: Path, database_url: str = "", **others: object) -> Settings:
    return load_settings(home=home, database_url=database_url, secret_key=SECRET, **others)


def database_seed_for(**database_seeds: DatabaseSeed) -> Any:
    """The fixture `database_seed` of a file or folder: that of the first of these fixtures that a test asks for."""

    @pytest.fixture
    def database_seed(request: pytest.FixtureRequest) -> DatabaseSeed | None:
        return next((each for name, each in database_seeds.items() if name in request.fixturenames), None)

    return database_seed


class SnapshotStore:
    """All stages of one kind of database. `server` is None for SQLite."""

    def __init__(self, folder: Path, migrated: Path | str, server: PostgresServer | None) -> None:
        self._folder, self._server = folder, server
        self._copies = DatabaseCopies(server) if server is not None else None
        home = migrated if isinstance(migrated, Path) else folder / "empty" / "home"
        home.mkdir(parents=True, exist_ok=True)
        self._empty = Snapshot(home.parent, migrated if isinstance(migrated, str) else "", None)
        self._snapshots: dict[DatabaseSeed, Snapshot] = {}

    def after(self, database_seed: DatabaseSeed | None) -> Snapshot:
        """The stage when that was played; None for databases without a row."""
        if database_seed is None:
            return self._empty
        if database_seed not in self._snapshots:
            self._snapshots[database_seed] = self._create(database_seed)
        return self._snapshots[database_seed]

    @contextmanager
    def copy(self, snapshot: Snapshot, folder: Path) -> Iterator[Settings]:
        """Settings that lead to a copy, with its home in `folder`; its database is dropped at the end."""
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
        folder = self._folder / f"stage-{len(self._snapshots)}"
        shutil.copytree(self._empty.folder, folder)
        template = ""
        if self._server is not None:
            template = database_name("stage")
            self._server.create_database(template, template=self._empty.template)
        url = self._server.url(template) if self._server is not None else ""
        return Snapshot(folder, template, database_seed(settings_for(folder / "home", url)))


POSTGRESQL_NIGHTLY = pytest.mark.parametrize(
    "database_kind",
    ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.nightly])],
    indirect=True,
)
"""Of tests that a filter is there: both databases are asked the same, so one of them tells when it is not."""
