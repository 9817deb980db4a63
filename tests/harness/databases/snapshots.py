"""What many tests begin with: played once for each kind of database, and copied for each test.

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
from tests.harness.databases.copies import Copies
from tests.harness.databases.postgres import PostgresServer, database_name

SECRET = "a signing key for tests that is long enough"
NOW = datetime(2026, 10, 1, 10, 0, tzinfo=UTC)

Opening = Callable[[Settings], Any]
"""Plays a story in databases that are migrated, closes them, and returns what tests have to know of it."""


@dataclass(frozen=True)
class Stage:
    """`folder`: LINKLEDGER_HOME, called "home", and what the story left beside it."""

    folder: Path
    template: str
    """The database on PostgreSQL; empty on SQLite, whose files are in the home."""
    known: Any
    """What the opening returned."""


def settings_for(home: Path, database_url: str = "", **others: object) -> Settings:
    return load_settings(home=home, database_url=database_url, secret_key=SECRET, **others)


def opening_for(**openings: Opening) -> Any:
    """The fixture `opening` of a file or folder: that of the first of these fixtures that a test asks for."""

    @pytest.fixture
    def opening(request: pytest.FixtureRequest) -> Opening | None:
        return next((each for name, each in openings.items() if name in request.fixturenames), None)

    return opening


class Stages:
    """All stages of one kind of database. `server` is None for SQLite."""

    def __init__(self, folder: Path, migrated: Path | str, server: PostgresServer | None) -> None:
        self._folder, self._server = folder, server
        self._copies = Copies(server) if server is not None else None
        home = migrated if isinstance(migrated, Path) else folder / "empty" / "home"
        home.mkdir(parents=True, exist_ok=True)
        self._empty = Stage(home.parent, migrated if isinstance(migrated, str) else "", None)
        self._made: dict[Opening, Stage] = {}

    def after(self, opening: Opening | None) -> Stage:
        """The stage when that was played; None for databases without a row."""
        if opening is None:
            return self._empty
        if opening not in self._made:
            self._made[opening] = self._play(opening)
        return self._made[opening]

    @contextmanager
    def copy(self, stage: Stage, folder: Path) -> Iterator[Settings]:
        """Settings that lead to a copy, with its home in `folder`; its database is dropped at the end."""
        shutil.copytree(stage.folder, folder, dirs_exist_ok=True)
        if self._server is None or self._copies is None:
            yield settings_for(folder / "home")
            return
        name = self._copies.take(stage.template)
        yield settings_for(folder / "home", self._server.url(name))
        self._copies.give_back(name)

    def close(self) -> None:
        if self._copies is not None:
            self._copies.close()

    def _play(self, opening: Opening) -> Stage:
        folder = self._folder / f"stage-{len(self._made)}"
        shutil.copytree(self._empty.folder, folder)
        template = ""
        if self._server is not None:
            template = database_name("stage")
            self._server.create_database(template, template=self._empty.template)
        url = self._server.url(template) if self._server is not None else ""
        return Stage(folder, template, opening(settings_for(folder / "home", url)))


POSTGRESQL_AT_NIGHT = pytest.mark.parametrize(
    "database_kind",
    ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.nightly])],
    indirect=True,
)
"""Of tests that a filter is there: both databases are asked the same, so one of them tells when it is not."""
