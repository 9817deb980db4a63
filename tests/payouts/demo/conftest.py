"""The demo on SQLite: created once for all tests, and copied for each test that changes it."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config.settings import Settings
from payouts.demo.home import prepare
from tests.conftest import settings_for
from wsgi import create_app

NOON = datetime(2026, 11, 12, 12, 0, tzinfo=UTC)
"""Three days after the payday of October: the shortest possible history."""


def ignore_progress(_line: str) -> None:
    """Show no progress."""


@pytest.fixture(scope="session")
def seeded_home(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """Created by the first of the parallel test processes; the others wait for it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    home = shared / "seeded-demo"
    with (shared / "seeded-demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.exists():
            _seed(sqlite_template, shared / "demo-in-the-making").rename(home)
    return home


def _seed(template: Path, home: Path) -> Path:
    """Do the same as `linkledger demo` with an empty database that is migrated already."""
    shutil.copytree(template, home)
    prepare(settings_for(home, f"sqlite:///{home}/linkledger.db", demo=True), NOON, ignore_progress)
    return home


@pytest.fixture
def demo_settings(seeded_home: Path, home: Path) -> Settings:
    shutil.copytree(seeded_home, home)
    return settings_for(home, demo=True)


@pytest.fixture
def app(demo_settings: Settings) -> Flask:
    return create_app(demo_settings)


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client
